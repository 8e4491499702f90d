//! Nothing is left out: every function of the library has its wrapper, every function of this crate is called by
//! a test, and `unsafe` is in one module only.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../voicepriv-sys/src/declarations.rs"]
#[allow(dead_code)]
mod declarations;

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of every Rust file below a folder.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().map_or(false, |ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a file");
            found.push((path, text));
        }
    }
    found
}

/// Whether a word is in a text, as a whole.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.map_or(false, |c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next())
    })
}

/// Functions of C that no wrapper calls, each with its reason.
const LEFT_OUT: &[(&str, &str)] = &[];

#[test]
fn every_function_of_the_library_has_its_wrapper() {
    let list = crate_folder().join("../../../lib/symbols.txt");
    let symbols = fs::read_to_string(list).expect("lib/symbols.txt");
    let wrappers: String =
        sources(&crate_folder().join("src/ffi")).into_iter().map(|(_, text)| text).collect();
    let mut n = 0;
    for symbol in symbols.lines().filter_map(|line| line.split_whitespace().next()) {
        let is_left_out = LEFT_OUT.iter().any(|(name, reason)| *name == symbol && !reason.is_empty());
        assert!(
            has_word(&wrappers, symbol) != is_left_out,
            "{symbol}: no wrapper calls it, and no reason is given"
        );
        n += 1;
    }
    assert!(n >= 192, "only {n} functions");
    assert!(!has_word(&wrappers, "vpriv_vault_era"), "a word is more than its beginning");
}

/// The public functions of the crate that a text declares.
fn declared(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["pub fn ", "pub const fn "] {
        for piece in text.split(start).skip(1) {
            let name: String = piece.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found
}

#[test]
fn every_function_of_the_crate_is_called() {
    let source = crate_folder().join("src");
    let mut calls = String::new();
    for folder in ["tests", "examples"] {
        calls.extend(sources(&crate_folder().join(folder)).into_iter().map(|(_, text)| text));
    }
    let mut names = Vec::new();
    for (path, text) in sources(&source) {
        calls.extend(
            text.lines().filter(|line| line.trim_start().starts_with("//")).map(|line| format!("{line}\n")),
        );
        if !path.starts_with(source.join("ffi")) {
            names.extend(declared(&text));
        }
        // The setters of a recorder's configuration are declared in a table.
        if let Some((_, table)) = text.split_once("    setters! {\n") {
            let table = table.split("\n    }\n").next().expect("it ends");
            let setters = table.lines().filter(|line| !line.trim_start().starts_with("///"));
            names.extend(
                setters.filter_map(|line| line.trim().split_once('(').map(|(name, _)| name.to_owned())),
            );
        }
    }
    names.sort();
    names.dedup();
    assert!(names.len() > 200, "only {} functions", names.len());
    let uncalled: Vec<_> = names
        .iter()
        .filter(|name| !["(", "::<"].iter().any(|tail| calls.contains(&format!("{name}{tail}"))))
        .collect();
    assert!(uncalled.is_empty(), "no test calls {uncalled:?}");
}

/// Fields of C's records that are told in another way: as findings, and by who gets them.
const FIELDS_LEFT_OUT: &[&str] = &["struct_size", "n_findings"];

#[test]
fn every_field_of_a_record_is_told_once() {
    let bindings = crate_folder().join("../voicepriv-sys/src/bindings.rs");
    let structs = declarations::structs(&fs::read_to_string(bindings).expect("bindings.rs"));
    let mut n = 0;
    for (path, text) in sources(&crate_folder().join("src")) {
        for table in text.split("\nrecord! {").skip(1) {
            let table = table.split("\n}\n").next().expect("it ends");
            let (head, body) = table.split_once(" {\n").expect("a body");
            let raw = head.rsplit(' ').next().expect("a name");
            let (_, wanted) = structs.iter().find(|(name, _)| name == raw).expect(raw);
            let lines =
                body.lines().map(str::trim).filter(|line| !line.starts_with("//") && line.contains(": "));
            let mut told: Vec<&str> = lines
                .map(|line| {
                    let name = line.split(':').next().expect("a field");
                    line.trim_end_matches(',').split(" = ").nth(1).unwrap_or(name)
                })
                .collect();
            let mut wanted: Vec<&str> =
                wanted.iter().map(String::as_str).filter(|field| !FIELDS_LEFT_OUT.contains(field)).collect();
            told.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(told, wanted, "{raw} in {}", path.display());
            n += 1;
        }
    }
    assert!(n > 25, "only {n} records");
}

#[test]
fn unsafe_is_in_one_module() {
    let source = crate_folder().join("src");
    let word = concat!("un", "safe");
    for (path, text) in sources(&source) {
        let is_inside = path.starts_with(source.join("ffi"));
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let n = code.filter(|line| has_word(line, word)).count();
        assert!(n == 0 || is_inside, "{}", path.display());
        assert!(text.lines().count() < 500, "{} has more than one idea", path.display());
    }
    let root = fs::read_to_string(source.join("lib.rs")).expect("lib.rs");
    assert_eq!(root.matches(concat!("#[allow(", "un", "safe_code)]")).count(), 1);
    assert!(root.contains("#![deny(unsafe_code, missing_docs"));
}
