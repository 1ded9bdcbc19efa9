//! The sources of a crate and what they do to each other.

use crate::floors::{self, Floor};
use crate::paths::{Named, named};
use crate::tokens::{Token, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Debug)]
pub(crate) struct House {
    pub(crate) files: Vec<Source>,
    /// Names at the root which come from a module: `pub use limit::Rate` in lib.rs, and macros.
    exports: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to `src`, with `/` between the parts.
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
    /// `["limit", "bucket"]` for `limit/bucket.rs`, nothing for lib.rs.
    pub(crate) module: Vec<String>,
}

impl Source {
    fn new(file: &str, text: String) -> Self {
        let tokens = tokens(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let path = file.trim_end_matches(".rs");
        let mut module: Vec<String> = path.split('/').map(String::from).collect();
        if module.last().is_some_and(|last| last == "mod") || path == "lib" {
            module.pop();
        }
        Self {
            file: file.to_owned(),
            text,
            tokens,
            module,
        }
    }

    /// The binary is another crate, which sees the library from outside.
    pub(crate) fn is_bin(&self) -> bool {
        self.file == "main.rs" || self.file.starts_with("bin/")
    }

    pub(crate) fn is_lib(&self) -> bool {
        self.module.is_empty()
    }
}

impl House {
    /// Reads the sources below a folder.
    pub(crate) fn at(src: &Path) -> Self {
        let mut files = Vec::new();
        collect(src, "", &mut files);
        assert!(!files.is_empty(), "no sources in {}", src.display());
        Self::of(files)
    }

    /// A house of files and their texts.
    pub(crate) fn of(files: Vec<(String, String)>) -> Self {
        let files: Vec<Source> = files
            .into_iter()
            .map(|(file, text)| Source::new(&file, text))
            .collect();
        let exports = exports(&files);
        Self { files, exports }
    }

    /// Every use of a module that its user must not know, and every trick that would hide one.
    pub(crate) fn trespasses(&self) -> Vec<String> {
        let mut findings = Vec::new();
        for source in self.library_modules() {
            findings.extend(tricks(source));
            let user = &source.module[0];
            for name in named(&source.tokens, &source.module) {
                if let Some(wrong) = self.judge(user, &name) {
                    let path = name.path.join("::");
                    findings.push(format!("src/{}: {wrong} (crate::{path})", source.file));
                }
            }
        }
        findings
    }

    /// Modules of the ground which use each other in a circle.
    pub(crate) fn circles(&self) -> Vec<String> {
        let mut uses: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for source in self.library_modules() {
            let user = source.module[0].as_str();
            let names = named(&source.tokens, &source.module);
            let used = names.iter().filter_map(|name| self.module_of(name));
            let ground =
                used.filter(|used| used != user && floors::floor(used) == Some(Floor::Ground));
            uses.entry(user).or_default().extend(ground);
        }
        let mut left: BTreeSet<&str> = floors::modules(Floor::Ground).iter().copied().collect();
        // Take away who uses nobody that is left, until nobody can be taken away.
        loop {
            let free = left.iter().copied().find(|module| {
                let used = uses.get(module);
                used.is_none_or(|used| used.iter().all(|used| !left.contains(used.as_str())))
            });
            match free {
                Some(free) => left.remove(free),
                None => break,
            };
        }
        let tell = |module: &str| format!("`{module}` uses {:?} and is used by it", uses[module]);
        left.into_iter().map(tell).collect()
    }

    /// Modules that stand on no floor.
    pub(crate) fn strangers(&self) -> Vec<String> {
        let tops: BTreeSet<&str> = self
            .files
            .iter()
            .flat_map(|source| match source.is_lib() {
                true => declared(source),
                false if source.is_bin() => Vec::new(),
                false => vec![source.module[0].as_str()],
            })
            .collect();
        tops.into_iter()
            .filter(|module| floors::floor(module).is_none())
            .map(|module| format!("`{module}` stands on no floor of tests/architecture/floors.rs"))
            .collect()
    }

    fn library_modules(&self) -> impl Iterator<Item = &Source> {
        let inside = |source: &&Source| !source.is_lib() && !source.is_bin();
        self.files.iter().filter(inside)
    }

    fn judge(&self, user: &str, name: &Named) -> Option<String> {
        match name.path.first().map(String::as_str) {
            None if name.renamed => Some("renames the root, which hides who is used".to_owned()),
            // `pub(in crate)`, or a path that leads nowhere.
            None => None,
            Some("*") => Some("imports all of the root, which hides who is used".to_owned()),
            Some("$") => Some("leaves it to a macro's caller who is used".to_owned()),
            Some(first) => match self.module_of(name) {
                None => Some(format!("uses `{first}`, which belongs to the root alone")),
                Some(used) if floors::may_use(user, &used) => None,
                Some(used) if used == user => None,
                Some(used) => Some(format!("`{user}` must not use `{used}`")),
            },
        }
    }

    /// The module from which a name comes, seen through the root's re-exports.
    fn module_of(&self, name: &Named) -> Option<String> {
        let first = name.path.first()?;
        if let Some(module) = self.exports.get(first) {
            return Some(module.clone());
        }
        let own = |source: &Source| source.module.first() == Some(first);
        (floors::floor(first).is_some() || self.files.iter().any(own)).then(|| first.clone())
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push((format!("{prefix}{name}"), text));
        }
    }
}

fn exports(files: &[Source]) -> BTreeMap<String, String> {
    let mut exports = BTreeMap::new();
    for source in files {
        if source.is_lib() {
            let file = syn::parse_file(&source.text).unwrap();
            for item in &file.items {
                if let syn::Item::Use(item) = item {
                    export(&item.tree, None, &mut exports);
                }
            }
        } else if let Some(top) = source.module.first() {
            for (at, token) in source.tokens.iter().enumerate() {
                if let (true, Some(name)) = (token.is("macro_export"), macro_after(source, at)) {
                    exports.insert(name, top.clone());
                }
            }
        }
    }
    exports
}

/// Notes the names that a `use` brings to the root, each with the module it comes from.
fn export(tree: &syn::UseTree, from: Option<&str>, exports: &mut BTreeMap<String, String>) {
    let mut note = |own: &syn::Ident, name: &syn::Ident| {
        let module = from.map_or_else(|| own.to_string(), str::to_owned);
        let name = if name == "self" {
            module.clone()
        } else {
            name.to_string()
        };
        if floors::floor(&module).is_some() && module != name {
            exports.insert(name, module);
        }
    };
    match tree {
        syn::UseTree::Path(path) => {
            let step = path.ident.to_string();
            let at_root = ["crate", "self", "tower_mesh"].contains(&step.as_str());
            let inner = if at_root {
                from
            } else {
                from.or(Some(step.as_str()))
            };
            export(&path.tree, inner, exports);
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                export(tree, from, exports);
            }
        }
        syn::UseTree::Name(name) => note(&name.ident, &name.ident),
        syn::UseTree::Rename(rename) => note(&rename.ident, &rename.rename),
        // What a glob brings cannot be seen; such a name then counts as the root's own.
        _ => {}
    }
}

fn macro_after(source: &Source, at: usize) -> Option<String> {
    let rest = &source.tokens[at..];
    let start = rest.iter().position(|token| token.is("macro_rules"))?;
    match rest.get(start + 2) {
        Some(Token::Word(name)) => Some(name.clone()),
        _ => None,
    }
}

/// The modules that a file declares itself.
fn declared(source: &Source) -> Vec<&str> {
    let pairs = source.tokens.windows(2);
    pairs
        .filter_map(|pair| match pair {
            [word, Token::Word(name)] if word.is("mod") => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

/// Ways to use a module without naming it.
fn tricks(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for window in source.tokens.windows(3) {
        let what = match window {
            [Token::Mark('['), word, Token::Mark('=')] if word.is("path") => {
                "a module's file lies where its path says (#[path])"
            }
            [word, Token::Mark('!'), _] if word.is("include") => {
                "a file is a module, not a piece of another (include!)"
            }
            [Token::Mark('['), word, _] if word.is("macro_use") => {
                "a macro is imported by its path (#[macro_use])"
            }
            [word, name, own]
                if word.is("extern")
                    && name.is("crate")
                    && (own.is("self") || own.is("tower_mesh")) =>
            {
                "renames the root, which hides who is used (extern crate)"
            }
            _ => continue,
        };
        findings.push(format!("src/{}: {what}", source.file));
    }
    findings
}
