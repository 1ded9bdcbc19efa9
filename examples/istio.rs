//! The quickstart's scenario from the documents that people have for Istio: `istio.yaml`.

mod scenario;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    scenario::main(include_str!("istio.yaml")).await
}
