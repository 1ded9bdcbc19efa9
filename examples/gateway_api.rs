//! The quickstart's scenario from documents of Kubernetes and the Gateway API: `gateway_api.yaml`.

mod scenario;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    scenario::main(include_str!("gateway_api.yaml")).await
}
