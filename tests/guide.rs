//! The guide `examples/policies_in_ci/README.md`, followed to the letter: what it says to write is
//! written, what it says to run is run, and what it says is printed must be printed.
#![cfg(all(unix, feature = "cli"))]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const GUIDE: &str = "examples/policies_in_ci";

/// A fenced block of the guide.
struct Block {
    language: String,
    text: String,
    line: usize,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(markdown.lines()) {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                open = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                    line: number,
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block of the guide has no end");
    blocks
}

impl Block {
    /// The file that it is, which its first line names in a comment.
    fn file(&self) -> Option<&str> {
        let first = self.text.lines().next()?;
        let comment = { first.strip_prefix("# ") }.or_else(|| first.strip_prefix("// "))?;
        (comment.contains(['/', '.']) && !comment.contains(' ')).then_some(comment)
    }

    /// The commands, each with what it prints.
    fn commands(&self) -> Vec<(String, String)> {
        let mut commands: Vec<(String, String)> = Vec::new();
        for line in self.text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), String::new())),
                (None, Some((command, _))) if command.ends_with('\\') => {
                    command.push('\n');
                    command.push_str(line);
                }
                (None, Some((_, printed))) => {
                    printed.push_str(line);
                    printed.push('\n');
                }
                (None, None) => panic!("line {}: output without a command", self.line),
            }
        }
        commands
    }
}

/// A newcomer with an empty folder.
struct Newcomer {
    folder: PathBuf,
    /// Where the command is, and where it is installed to.
    path: String,
    /// Whether what needs cargo is run, too. It compiles for minutes.
    with_cargo: bool,
}

impl Newcomer {
    fn new(name: &str, commands: &Path, with_cargo: bool) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let path = env::var("PATH").unwrap();
        Self {
            path: format!("{}:{path}", commands.display()),
            folder,
            with_cargo,
        }
    }

    /// Does what the guide says, from its first line to its last.
    fn follow(&self, guide: &str) -> usize {
        let mut run = 0;
        for block in blocks(guide) {
            if let Some(file) = block.file() {
                let file = self.folder.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, &block.text).unwrap();
            } else if block.language == "console" {
                for (command, expected) in block.commands() {
                    if command.starts_with("cargo ") && !self.with_cargo {
                        continue;
                    }
                    let printed = self.run(&command);
                    if command.starts_with("cargo ") {
                        // It prints what it compiles, and how long that takes.
                        continue;
                    }
                    assert_eq!(printed, expected, "line {}: {command}", block.line);
                    run += 1;
                }
            }
        }
        run
    }

    fn run(&self, command: &str) -> String {
        // The crate as it is here instead of the one that is published.
        let here = env!("CARGO_MANIFEST_DIR");
        let command = command
            .replace(
                "cargo install tower-mesh",
                &format!("cargo install --debug --path {here}"),
            )
            .replace(
                "cargo add --dev tower-mesh",
                &format!("cargo add --dev --path {here}"),
            );
        let root = self.folder.join(".cargo-root");
        let script = format!("exec 2>&1\n{command}");
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&self.folder)
            .env("PATH", format!("{}/bin:{}", root.display(), self.path))
            .env("CARGO_INSTALL_ROOT", &root)
            .env("CARGO_TARGET_DIR", Path::new(here).join("target"))
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        if command.starts_with("cargo init") {
            // The versions that are compiled already.
            let lock = Path::new(here).join("Cargo.lock");
            fs::copy(lock, self.folder.join("Cargo.lock")).unwrap();
        }
        if command.starts_with("cargo ") {
            assert!(output.status.success(), "{command}\n{printed}");
        }
        printed
    }

    /// Runs the steps of the workflow file that was written.
    fn run_workflow(&self, file: &str) -> usize {
        let workflow = fs::read_to_string(self.folder.join(file)).unwrap();
        let steps = workflow.lines().filter_map(|line| {
            let step = line.trim_start().trim_start_matches("- ");
            step.strip_prefix("run: ")
        });
        let mut run = 0;
        for step in steps {
            let printed = self.run(&format!("set -e; {step}; echo ended well"));
            assert!(printed.ends_with("ended well\n"), "{step}\n{printed}");
            run += 1;
        }
        run
    }
}

/// All files below a folder but the guide itself, with what they hold.
fn files(folder: &Path, below: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(below).unwrap().to_owned();
        if path.is_dir() {
            files(&path, below, into);
        } else if name != Path::new("README.md") {
            into.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn guide() -> String {
    fs::read_to_string(Path::new(GUIDE).join("README.md")).unwrap()
}

#[test]
fn what_the_guide_says_is_printed() {
    let commands = Path::new(env!("CARGO_BIN_EXE_tower-mesh"));
    let newcomer = Newcomer::new("guide", commands.parent().unwrap(), false);
    let run = newcomer.follow(&guide());
    assert!(run >= 6, "{run} commands were run");
    // Who would rather copy than follow finds the same files.
    let mut there = Vec::new();
    files(Path::new(GUIDE), Path::new(GUIDE), &mut there);
    assert!(there.len() >= 5, "{there:?}");
    for (name, text) in there {
        let followed = fs::read_to_string(newcomer.folder.join(&name));
        assert_eq!(followed.unwrap(), text, "{}", name.display());
    }
}

/// The whole of it, with the command installed and the workflow's steps run.
#[test]
#[ignore = "compiles the command anew; .ci/run runs it"]
fn the_guide_leads_from_nothing_to_a_job() {
    let newcomer = Newcomer::new("guide-from-nothing", Path::new("/nowhere"), true);
    newcomer.follow(&guide());
    let run = newcomer.run_workflow(".github/workflows/policies.yml");
    assert!(run >= 3, "{run} steps were run");
}
