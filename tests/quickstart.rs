//! The quickstart sees what the policy does: with a part of it switched off, it fails.

#[allow(dead_code, unreachable_pub, clippy::disallowed_methods)]
#[path = "../examples/quickstart.rs"]
mod quickstart;

#[tokio::test]
async fn it_passes_as_it_is() {
    quickstart::run("nothing").await.unwrap();
}

#[tokio::test]
async fn it_fails_without_the_fault() {
    let missed = quickstart::run("fault").await.unwrap_err().to_string();
    assert!(missed.starts_with("1 of the above"), "{missed}");
}

#[tokio::test]
async fn it_fails_without_the_limit() {
    let missed = quickstart::run("limit").await.unwrap_err().to_string();
    assert!(missed.starts_with("8 of the above"), "{missed}");
}

#[tokio::test]
async fn it_fails_without_the_split() {
    let missed = quickstart::run("split").await.unwrap_err().to_string();
    assert!(missed.starts_with("2 of the above"), "{missed}");
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
