#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tower_mesh_fuzz::cases(input));
