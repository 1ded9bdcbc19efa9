//! The quickstart sees what the policy does: with a part of it switched off, it fails. And it sees
//! the same in the documents of others.

#[allow(dead_code, unreachable_pub, clippy::disallowed_methods)]
#[path = "../examples/scenario/mod.rs"]
mod scenario;

const NATIVE: &str = include_str!("../examples/quickstart.yaml");
const ISTIO: &str = include_str!("../examples/istio.yaml");
const GATEWAY_API: &str = include_str!("../examples/gateway_api.yaml");

async fn missed(text: &str, without: &str) -> String {
    let error = scenario::run(text, without).await.unwrap_err();
    error.to_string().chars().take(14).collect()
}

#[tokio::test]
async fn it_passes_as_it_is() {
    for text in [NATIVE, ISTIO, GATEWAY_API] {
        scenario::run(text, "nothing").await.unwrap();
    }
}

#[tokio::test]
async fn it_fails_without_the_fault() {
    for text in [NATIVE, ISTIO] {
        assert_eq!(missed(text, "fault").await, "1 of the above");
    }
}

#[tokio::test]
async fn it_fails_without_the_limit() {
    for text in [NATIVE, ISTIO, GATEWAY_API] {
        assert_eq!(missed(text, "limit").await, "8 of the above");
    }
}

#[tokio::test]
async fn it_fails_without_the_split() {
    for text in [NATIVE, ISTIO, GATEWAY_API] {
        assert_eq!(missed(text, "split").await, "2 of the above");
    }
}

#[test]
fn its_exit_code_tells() {
    // Beside this test lies the example, if it was built; else cargo builds it.
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples/quickstart");
    for (without, code) in [("nothing", 0), ("limit", 1)] {
        let mut command = if built.exists() {
            std::process::Command::new(&built)
        } else {
            let mut cargo = std::process::Command::new(env!("CARGO"));
            cargo.args(["run", "--quiet", "--example", "quickstart", "--"]);
            cargo
        };
        let status = command.args(["--without", without]).status().unwrap();
        assert_eq!(status.code(), Some(code), "without {without}");
    }
}
