//! Inputs from inputs, the same for the same seed. For tests: libFuzzer has a better way, which
//! looks at what an input reaches.

/// A source of chance that a number replays (SplitMix64).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one; 0 below 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// One of the seeds with one to eight things changed in it.
pub fn mutated(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let Some(seed) = seeds.get(chance.below(seeds.len())) else {
        return Vec::new();
    };
    let mut input = seed.clone();
    for _ in 0..=chance.below(8) {
        change(&mut input, seeds, chance);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    match chance.below(8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = chance.next() as u8;
            }
        }
        1 => input.insert(at, b' ' + chance.below(95) as u8),
        2 => {
            let end = (at + chance.below(12)).min(input.len());
            input.drain(at..end);
        }
        3 => {
            let token = TOKENS[chance.below(TOKENS.len())];
            input.splice(at..at, token.bytes());
        }
        4 => {
            let end = (at + chance.below(12)).min(input.len());
            let token = TOKENS[chance.below(TOKENS.len())];
            input.splice(at..end, token.bytes());
        }
        // A part of another seed.
        5 => {
            let other = &seeds[chance.below(seeds.len())];
            let from = chance.below(other.len() + 1);
            let to = (from + chance.below(200)).min(other.len());
            input.splice(at..at, other[from..to].iter().copied());
        }
        // A line gone, twice, or elsewhere.
        6 => {
            let mut lines: Vec<_> = input.split_inclusive(|byte| *byte == b'\n').collect();
            if lines.is_empty() {
                return;
            }
            let line = lines[chance.below(lines.len())];
            match chance.below(2) {
                0 => drop(lines.remove(chance.below(lines.len()))),
                _ => lines.insert(chance.below(lines.len() + 1), line),
            }
            *input = lines.concat();
        }
        // A value in the place of another.
        _ => {
            let mut lines: Vec<_> = input.split_inclusive(|byte| *byte == b'\n').collect();
            let number = chance.below(lines.len());
            let Some(line) = lines.get(number) else {
                return;
            };
            let key = line.iter().position(|byte| *byte == b':').unwrap_or(0);
            let mut line = line[..key].to_vec();
            line.extend_from_slice(b": ");
            line.extend_from_slice(TOKENS[chance.below(TOKENS.len())].as_bytes());
            line.push(b'\n');
            lines[number] = &line;
            *input = lines.concat();
        }
    }
}

const LONGEST: usize = 64 << 10;

/// What means something to somebody.
const TOKENS: &[&str] = &[
    "null",
    "~",
    "true",
    "0",
    "-1",
    "1",
    "65535",
    "65536",
    "4294967296",
    "18446744073709551616",
    "1e309",
    ".nan",
    ".inf",
    "0x1F",
    "0.5",
    "100",
    "''",
    "\"\"",
    "[]",
    "{}",
    "- ",
    ": ",
    "? ",
    "#",
    "---\n",
    "...\n",
    "\u{c}",
    "&a ",
    "*a",
    "!!str ",
    "<<: *a",
    "|\n",
    ">-\n",
    "%YAML 1.2\n",
    "\t",
    "\u{feff}",
    "\u{0}",
    "\u{85}",
    "\\",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "ü",
    "\u{1b}[31m",
    "*",
    "*.example.com",
    "example.com",
    "[::1]:80",
    "10.0.0.1:80",
    "reviews",
    "default/*",
    "./*",
    "mesh",
    "exact",
    "prefix",
    "regex",
    "(?i)a",
    "a{1000}{1000}",
    "(",
    "50ms",
    "0s",
    "8760h",
    "8761h",
    "9223372036854775807s",
    "1.5s",
    "GET",
    "http",
    "https",
    "HTTP",
    "GRPC",
    "TLS",
    "namespace: a",
    "name: a",
    "port: 80",
    "weight: 0",
    "metadata: {name: a}",
    "spec: {}",
    "hosts: ['*']",
    "gateways: [mesh]",
    "%2f",
    "%2e%2e",
    "%",
    "//",
    "/../",
    "/./",
    "?",
    ";",
    "/",
];
