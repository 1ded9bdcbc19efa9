//! Balancing, limits, faults, a canary and a live reload, from one policy file: `quickstart.yaml`.

mod scenario;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    scenario::main(include_str!("quickstart.yaml")).await
}
