//! A policy's file or folder changes, in all the ways in which files do.
#![cfg(feature = "yaml")]

#[path = "watch/folder.rs"]
mod folder;

use folder::{Folder, policy};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tower_mesh::discover::file::PolicyFile;
use tower_mesh::event::{Event, Sink};
use tower_mesh::policy::Policy;
use tower_mesh::{Mesh, clock};

const LONG: Duration = Duration::from_secs(20);

/// A file that is looked at once a second, in a time of the test's own.
struct Looks {
    file: PolicyFile,
    now: Instant,
}

impl Looks {
    fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            file: PolicyFile::new(path),
            now: clock::now(),
        }
    }

    /// What one look tells: the services of a policy, or the first word on what is wrong.
    fn look(&mut self) -> Option<String> {
        self.now += Duration::from_secs(1);
        Some(match self.file.look(self.now)? {
            Ok(policy) => {
                let names: Vec<_> = policy.services.keys().map(ToString::to_string).collect();
                names.join(" ")
            }
            Err(errors) => format!("! {}", errors.as_slice()[0].id),
        })
    }

    /// What is told until nothing more is.
    fn settle(&mut self) -> Vec<String> {
        (0..5).filter_map(|_| self.look()).collect()
    }
}

#[test]
fn a_file_is_told_when_two_looks_agree_and_then_no_more() {
    let folder = Folder::new("told-once");
    folder.write("mesh.yaml", &policy("a"));
    let mut looks = Looks::at(folder.path("mesh.yaml"));
    assert_eq!(looks.look(), None);
    assert_eq!(looks.look().as_deref(), Some("a"));
    assert_eq!(looks.settle(), [""; 0]);
    folder.write("mesh.yaml", &policy("b"));
    assert_eq!(looks.look(), None);
    assert_eq!(looks.look().as_deref(), Some("b"));
    assert_eq!(looks.settle(), [""; 0]);
}

#[test]
fn a_text_of_the_same_length_in_the_same_file_is_seen() {
    let folder = Folder::new("in-place");
    folder.write("mesh.yaml", &policy("a"));
    let mut looks = Looks::at(&folder.0);
    assert_eq!(looks.settle(), ["a"]);
    folder.write("mesh.yaml", &policy("b"));
    assert_eq!(looks.settle(), ["b"]);
}

#[test]
fn a_touch_is_no_change() {
    let folder = Folder::new("touch");
    folder.write("mesh.yaml", &policy("a"));
    let mut looks = Looks::at(&folder.0);
    assert_eq!(looks.settle(), ["a"]);
    for _ in 0..5 {
        folder.touch("mesh.yaml");
        assert_eq!(looks.look(), None);
    }
    folder.rename_over("mesh.yaml", &policy("a"));
    assert_eq!(looks.settle(), [""; 0]);
    // Who writes the same at each look does not hide another content.
    folder.write("mesh.yaml", &policy("b"));
    assert_eq!(looks.look(), None);
    folder.touch("mesh.yaml");
    assert_eq!(looks.look().as_deref(), Some("b"));
}

#[test]
fn a_file_is_not_read_before_it_is_whole() {
    let folder = Folder::new("pieces");
    let text = policy("a") + &policy("b").replace("services:\n", "");
    let mut looks = Looks::at(folder.path("mesh.yaml"));
    // Some of the pieces are policies.
    for end in 0..text.len() {
        folder.write("mesh.yaml", &text[..end]);
        assert_eq!(looks.look(), None);
    }
    folder.write("mesh.yaml", &text);
    assert_eq!(looks.settle(), ["a b"]);
}

#[test]
fn each_bad_content_is_told_once() {
    let folder = Folder::new("bad");
    let mut looks = Looks::at(&folder.0);
    folder.write("mesh.yaml", "services: [");
    assert_eq!(looks.settle().len(), 1);
    folder.write("mesh.yaml", &policy("a"));
    assert_eq!(looks.settle(), ["a"]);
    let bad = "routs: []";
    folder.write("mesh.yaml", bad);
    assert_eq!(looks.settle(), ["! unknown-field"]);
    folder.write("mesh.yaml", bad);
    assert_eq!(looks.settle(), [""; 0]);
    folder.rename_over("mesh.yaml", bad);
    assert_eq!(looks.settle(), [""; 0]);
    folder.write("mesh.yaml", "routs: [ ]");
    assert_eq!(looks.settle(), ["! unknown-field"]);
    folder.write("mesh.yaml", &policy("a"));
    assert_eq!(looks.settle(), ["a"]);
    folder.write("mesh.yaml", bad);
    assert_eq!(looks.settle(), ["! unknown-field"]);
}

#[test]
fn a_file_that_is_replaced_by_renaming_is_seen() {
    let folder = Folder::new("renamed");
    folder.write("mesh.yaml", &policy("a"));
    for path in [folder.path("mesh.yaml"), folder.0.clone()] {
        let mut looks = Looks::at(path);
        assert_eq!(looks.settle().len(), 1);
        folder.rename_over("mesh.yaml", &policy("b"));
        assert_eq!(looks.settle(), ["b"]);
        // Away and back again, as some editors do it, with a look in between.
        fs::rename(folder.path("mesh.yaml"), folder.path("mesh.yaml~")).unwrap();
        assert_eq!(looks.look(), None);
        folder.write("mesh.yaml", &policy("c"));
        assert_eq!(looks.settle(), ["c"]);
    }
}

#[test]
fn files_may_come_and_go_and_be_called_otherwise() {
    let folder = Folder::new("come-and-go");
    folder.write("a.yaml", &policy("a"));
    let mut looks = Looks::at(&folder.0);
    assert_eq!(looks.settle(), ["a"]);
    folder.write("b.json", r#"{"services": {"b": {}}}"#);
    assert_eq!(looks.settle(), ["a b"]);
    fs::remove_file(folder.path("a.yaml")).unwrap();
    assert_eq!(looks.settle(), ["b"]);
    // The order of files is the order of routes.
    fs::rename(folder.path("b.json"), folder.path("c.json")).unwrap();
    assert_eq!(looks.settle(), ["b"]);
    fs::remove_file(folder.path("c.json")).unwrap();
    assert_eq!(looks.settle(), ["! no-documents"]);
}

#[test]
fn a_folder_may_vanish_and_come_back() {
    let folder = Folder::new("vanish");
    folder.write("mounted/mesh.yaml", &policy("a"));
    for path in ["mounted", "mounted/mesh.yaml"] {
        let mut looks = Looks::at(folder.path(path));
        assert_eq!(looks.settle(), ["a"]);
        // For a moment: nothing has happened.
        fs::remove_dir_all(folder.path("mounted")).unwrap();
        assert_eq!(looks.look(), None);
        folder.write("mounted/mesh.yaml", &policy("a"));
        assert_eq!(looks.settle(), [""; 0]);
        // For longer.
        fs::remove_dir_all(folder.path("mounted")).unwrap();
        assert_eq!(looks.settle(), ["! io"]);
        folder.write("mounted/mesh.yaml", &policy("a"));
        assert_eq!(looks.settle(), ["a"]);
    }
}

#[test]
fn a_file_that_is_not_there_yet_may_come() {
    let folder = Folder::new("later");
    let mut looks = Looks::at(folder.path("mesh.yaml"));
    assert_eq!(looks.settle(), ["! io"]);
    folder.write("mesh.yaml", &policy("a"));
    assert_eq!(looks.settle(), ["a"]);
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    /// The steps by which Kubernetes brings the next content of a ConfigMap.
    fn mount(folder: &Folder, version: &str, files: &[(&str, &str)], mut between: impl FnMut()) {
        for (name, text) in files {
            folder.write(&format!("..{version}/{name}"), text);
            between();
        }
        let before = fs::read_link(folder.path("..data"));
        symlink(format!("..{version}"), folder.path("..data_tmp")).unwrap();
        between();
        fs::rename(folder.path("..data_tmp"), folder.path("..data")).unwrap();
        between();
        for (name, _) in files {
            if fs::symlink_metadata(folder.path(name)).is_err() {
                symlink(format!("..data/{name}"), folder.path(name)).unwrap();
                between();
            }
        }
        for entry in fs::read_dir(&folder.0).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() && !path.exists() {
                fs::remove_file(path).unwrap();
                between();
            }
        }
        if let Ok(before) = before {
            fs::remove_dir_all(folder.0.join(before)).unwrap();
            between();
        }
    }

    #[test]
    fn a_config_map_changes_through_its_link() {
        for watched in ["", "mesh.yaml", "..data/mesh.yaml", "..data"] {
            let folder = Folder::new("config-map");
            let mut looks = Looks::at(folder.0.join(watched));
            mount(&folder, "2024_01", &[("mesh.yaml", &policy("a"))], || {});
            assert_eq!(looks.settle(), ["a"], "{watched}");
            mount(&folder, "2024_02", &[("mesh.yaml", &policy("b"))], || {});
            assert_eq!(looks.settle(), ["b"], "{watched}");
            // Mounted again: the texts are the same.
            mount(&folder, "2024_03", &[("mesh.yaml", &policy("b"))], || {});
            assert_eq!(looks.settle(), [""; 0], "{watched}");
        }
    }

    #[test]
    fn the_steps_of_a_config_map_are_one_change() {
        let folder = Folder::new("config-map-steps");
        let first = [("a.yaml", policy("a")), ("b.yaml", policy("b"))];
        let second = [("b.yaml", policy("b2")), ("c.yaml", policy("c"))];
        let [first, second] = [&first, &second]
            .map(|files| files.each_ref().map(|(name, text)| (*name, text.as_str())));
        mount(&folder, "2024_01", &first, || {});
        let mut file = PolicyFile::new(&folder.0);
        let mut now = clock::now();
        let mut look = |pause| {
            now += Duration::from_millis(pause);
            let policy = file.look(now)?.unwrap();
            Some(policy.services.into_keys().collect::<Vec<_>>())
        };
        assert_eq!(look(0), None);
        assert_eq!(look(500).unwrap().len(), 2);
        mount(&folder, "2024_02", &second, || {
            assert_eq!(look(60), None);
        });
        assert_eq!(look(400), None);
        let names: Vec<_> = look(500).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["b2", "c"]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told_and_mended() {
        let folder = Folder::new("dangling");
        symlink("elsewhere/mesh.yaml", folder.path("mesh.yaml")).unwrap();
        let mut looks = Looks::at(&folder.0);
        assert_eq!(looks.settle(), ["! io"]);
        folder.write("elsewhere/mesh.yaml", &policy("a"));
        assert_eq!(looks.settle(), ["a"]);
    }

    #[test]
    fn files_that_are_readable_again_are_read_again() {
        let folder = Folder::new("permissions");
        folder.write("mesh.yaml", &policy("a"));
        let mut looks = Looks::at(&folder.0);
        assert_eq!(looks.settle(), ["a"]);
        let permit = |mode| {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.path("mesh.yaml"), permissions).unwrap();
        };
        permit(0);
        // Who may read everything sees no difference.
        let forbidden = fs::read(folder.path("mesh.yaml")).is_err();
        let (refused, told): (&[&str], &[&str]) = match forbidden {
            true => (&["! io"], &["a"]),
            false => (&[], &[]),
        };
        assert_eq!(looks.settle(), refused);
        permit(0o644);
        assert_eq!(looks.settle(), told);
    }

    #[test]
    fn what_might_never_end_is_not_opened() {
        let mut looks = Looks::at("/dev/zero");
        assert_eq!(looks.settle(), ["! not-a-file"]);
    }
}

/// What else lies in a folder may change as it likes: the watch sees the files that are read, and
/// those only.
#[test]
fn the_files_that_are_seen_are_those_that_are_read() {
    for name in [
        "a.yaml",
        "a.yml",
        "a.json",
        "a.b.yaml",
        "a.YAML",
        "a.yaml~",
        "a.log",
        "yaml",
        ".a.yaml",
        ".yaml",
        "..data",
        "a",
        "a.yaml.swp",
    ] {
        let folder = Folder::new("which");
        folder.write(name, &policy("a"));
        let read = Policy::load(&folder.0).is_ok();
        folder.write("z.yaml", &policy("z"));
        let mut looks = Looks::at(&folder.0);
        assert_eq!(looks.settle(), [if read { "a z" } else { "z" }], "{name}");
        // Were it seen, this would never settle.
        folder.write("z.yaml", &policy("y"));
        for number in 0..3 {
            folder.write(name, &policy(&format!("a{number}")));
            let told = looks.look().is_some();
            assert_eq!(told, !read && number == 1, "{name}");
        }
    }
    let folder = Folder::new("which");
    folder.write("a.yaml/inside.yaml", &policy("a"));
    folder.write("z.yaml", &policy("z"));
    assert_eq!(Looks::at(&folder.0).settle(), ["z"]);
}

#[test]
fn more_than_will_be_looked_at_is_refused_and_followed_when_it_is_less() {
    let folder = Folder::new("bounds");
    let most = PolicyFile::MOST_FILES;
    for number in 0..most {
        folder.write(&format!("{number}.yaml"), "");
    }
    let mut looks = Looks::at(&folder.0);
    assert_eq!(looks.settle(), [""]);
    folder.write("more.yaml", &policy("a"));
    assert_eq!(looks.settle(), ["! too-many-files"]);
    fs::remove_file(folder.path("0.yaml")).unwrap();
    assert_eq!(looks.settle(), ["a"]);
    // A hole in a file takes no room on the disk.
    let file = fs::File::create(folder.path("1.yaml")).unwrap();
    file.set_len(PolicyFile::MOST_BYTES + 1).unwrap();
    assert_eq!(looks.settle(), ["! too-long"]);
}

/// For files that are there whole or not at all.
fn often(path: &Path) -> PolicyFile {
    PolicyFile::new(path)
        .every(Duration::ZERO)
        .settled_for(Duration::ZERO)
}

/// A mesh that tells what happens to its policy.
fn telling(policy: &Policy) -> (Mesh, mpsc::Receiver<Result<u64, String>>) {
    let (tell, told) = mpsc::channel();
    let sink = Sink::new(move |event| {
        let _ = match event {
            Event::Reload { version } => tell.send(Ok(*version)),
            Event::ReloadRefused { errors } => tell.send(Err((*errors).to_owned())),
            _ => Ok(()),
        };
    });
    (Mesh::builder().events(sink).build(policy).unwrap(), told)
}

#[test]
fn a_mesh_follows_a_file_until_the_handle_is_dropped() {
    let folder = Folder::new("follows");
    folder.write("mesh.yaml", &policy("a"));
    let path = folder.path("mesh.yaml");
    let (mesh, told) = telling(&Policy::load(&path).unwrap());
    let watching = mesh.watch(often(&path)).unwrap();
    assert_eq!(watching.path(), path);
    folder.rename_over("mesh.yaml", &policy("b"));
    assert_eq!(told.recv_timeout(LONG), Ok(Ok(2)));
    assert!(mesh.policy().services.contains_key("b"));
    folder.rename_over("mesh.yaml", "routs: []");
    let refused = told.recv_timeout(LONG).unwrap().unwrap_err();
    assert!(refused.contains("did you mean `routes`?"), "{refused}");
    assert_eq!(mesh.stats().version, 2);
    folder.rename_over("mesh.yaml", &policy("b"));
    assert_eq!(told.recv_timeout(LONG), Ok(Ok(3)));
    drop(watching);
    drop(mesh);
    // The thread has held the mesh, and the mesh who listens.
    let ended = told.recv_timeout(LONG);
    assert_eq!(ended, Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn a_change_between_loading_and_watching_is_not_missed() {
    let folder = Folder::new("between");
    folder.write("mesh.yaml", &policy("a"));
    let (mesh, told) = telling(&Policy::load(&folder.0).unwrap());
    folder.write("mesh.yaml", &policy("b"));
    let _watching = mesh.watch(often(&folder.0)).unwrap();
    assert_eq!(told.recv_timeout(LONG), Ok(Ok(2)));
    assert!(mesh.policy().services.contains_key("b"));
}

#[test]
fn a_listener_may_end_the_watch() {
    let folder = Folder::new("listener");
    folder.write("mesh.yaml", &policy("a"));
    let (tell, told) = mpsc::channel();
    let watching = std::sync::Arc::new(parking_lot::Mutex::new(None));
    let sink = Sink::new({
        let watching = watching.clone();
        move |_| tell.send(watching.lock().take().is_some()).unwrap()
    });
    let built = Mesh::builder().events(sink).build(&Policy::default());
    {
        // Held, so that the listener cannot come too early.
        let mut slot = watching.lock();
        let file = often(&folder.path("mesh.yaml"));
        *slot = Some(built.unwrap().watch(file).unwrap());
    }
    assert_eq!(told.recv_timeout(LONG), Ok(true));
    let ended = told.recv_timeout(LONG);
    assert_eq!(ended, Err(mpsc::RecvTimeoutError::Disconnected));
}
