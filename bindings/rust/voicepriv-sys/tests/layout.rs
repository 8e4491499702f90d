//! C says where every field is and what every constant is worth; Rust has to agree. The program that asks is
//! made from the declarations themselves, so that nothing is left out.
#![allow(non_camel_case_types)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use voicepriv_sys::*;

#[path = "../src/declarations.rs"]
#[allow(dead_code)]
mod declarations;

/// Where a field is, and how large: (offset, size).
macro_rules! place {
    ($structure:ident, $field:ident) => {{
        fn size_behind<T>(_: *const T) -> usize {
            std::mem::size_of::<T>()
        }
        let whole = std::mem::MaybeUninit::<$structure>::uninit();
        let base = whole.as_ptr();
        // SAFETY: the address of a field is computed; nothing is read.
        let field = unsafe { std::ptr::addr_of!((*base).$field) };
        (field as usize - base as usize, size_behind(field))
    }};
}

const DECLARATIONS: &str = include_str!(concat!(env!("OUT_DIR"), "/bindings.rs"));

fn rows() -> Vec<(&'static str, &'static str, String)> {
    let mut rows: Vec<(&str, &str, String)> = include!(concat!(env!("OUT_DIR"), "/layout.rs"));
    // What is written by hand in src/lib.rs.
    rows.push((
        "VPRIV_TIME_FOREVER_US",
        "(long long)(VPRIV_TIME_FOREVER_US)",
        format!("{VPRIV_TIME_FOREVER_US}"),
    ));
    rows.push((
        "VPRIV_DENY_NOT_LAWFUL_HERE",
        "(long long)(uint32_t)(VPRIV_DENY_NOT_LAWFUL_HERE)",
        format!("{VPRIV_DENY_NOT_LAWFUL_HERE}"),
    ));
    rows.push((
        "VPRIV_PURPOSE_BIT",
        "(long long)VPRIV_PURPOSE_BIT(31)",
        format!("{}", VPRIV_PURPOSE_BIT(31)),
    ));
    rows.push((
        "VPRIV_RETENTION_HOURS",
        "(long long)VPRIV_RETENTION_HOURS(7)",
        format!("{}", VPRIV_RETENTION_HOURS(7)),
    ));
    rows.push((
        "VPRIV_RETENTION_DAYS",
        "(long long)VPRIV_RETENTION_DAYS(7)",
        format!("{}", VPRIV_RETENTION_DAYS(7)),
    ));
    rows.push((
        "VPRIV_RETENTION_MONTHS",
        "(long long)VPRIV_RETENTION_MONTHS(7)",
        format!("{}", VPRIV_RETENTION_MONTHS(7)),
    ));
    rows
}

fn includes() -> Vec<PathBuf> {
    env::split_paths(env!("VOICEPRIV_INCLUDES")).collect()
}

/// The text of every header.
fn headers() -> String {
    let mut text = String::new();
    for folder in includes() {
        for entry in fs::read_dir(folder.join("voicepriv")).into_iter().flatten() {
            let path = entry.expect("a folder's entry").path();
            if path.extension().map_or(false, |ending| ending == "h") {
                text.push_str(&fs::read_to_string(&path).expect("a header"));
            }
        }
    }
    assert!(!text.is_empty(), "no headers in {:?}", includes());
    text
}

fn compile_and_run(folder: &Path, program: &str) -> String {
    let source = folder.join("layout.c");
    let binary = folder.join("layout");
    fs::write(&source, program).expect("writing layout.c");
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut words = compiler.split_whitespace();
    let status = Command::new(words.next().expect("a compiler"))
        .args(words)
        .args(["-std=c11", "-Wall", "-Werror"])
        .args(includes().iter().map(|folder| format!("-I{}", folder.display())))
        .arg(&source)
        .arg("-o")
        .arg(&binary)
        .status()
        .expect("the C compiler runs");
    assert!(status.success(), "the program does not compile");
    let output = Command::new(&binary).output().expect("it runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("numbers")
}

#[test]
fn sizes_offsets_and_constants_are_those_of_c() {
    let rows = rows();
    assert!(rows.len() > 1700, "only {} rows", rows.len());
    let mut program = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include <voicepriv/voicepriv.h>\nint main(void)\n{\n",
    );
    for (_, c, _) in &rows {
        let line = format!("    printf(\"%lld\\n\", {c});\n");
        program.push_str(&line);
    }
    program.push_str("    return 0;\n}\n");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let output = compile_and_run(&folder, &program);
    let answers: Vec<&str> = output.lines().collect();
    assert_eq!(answers.len(), rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .zip(&answers)
        .filter(|((_, _, rust), c)| rust != *c)
        .map(|((what, _, rust), c)| format!("{what}: {c} in C, {rust} in Rust"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn texts_are_those_of_c() {
    let texts: Vec<(&str, &[u8])> = vec![
        ("VPRIV_VERSION_TEXT", VPRIV_VERSION_TEXT),
        ("VPRIV_RETENTION_UNTIL_ERASED", VPRIV_RETENTION_UNTIL_ERASED),
    ];
    let n_texts = declarations::constants(DECLARATIONS).iter().filter(|(_, is_text)| *is_text).count();
    assert_eq!(n_texts, texts.len(), "a text is not looked at");
    let headers = headers();
    for (name, value) in texts {
        let value = std::str::from_utf8(&value[..value.len() - 1]).expect("UTF-8");
        let defined = headers
            .lines()
            .any(|line| line.split_whitespace().eq(["#define", name, &format!("{value:?}")].iter().copied()));
        assert!(defined, "{name} is not {value:?}");
    }
}

#[test]
fn nothing_of_the_headers_is_missing() {
    let headers = headers();
    let functions = declarations::functions(DECLARATIONS);
    let n_declared = headers.matches("\nVPRIV_API ").count();
    assert!(n_declared > 0);
    assert_eq!(functions.len(), n_declared, "functions");
    let structs = declarations::structs(DECLARATIONS);
    let n_structs = headers.matches("\ntypedef struct ").count();
    let n_opaque =
        headers.lines().filter(|line| line.starts_with("typedef struct ") && !line.contains('{')).count();
    assert_eq!(structs.len(), n_structs - n_opaque, "structs");
    let known = rows();
    for line in headers.lines() {
        let mut words = line.split_whitespace();
        if words.next() != Some("#define") {
            continue;
        }
        let name = words.next().expect("a name").split('(').next().expect("a name");
        let is_attribute = ["VPRIV_API", "VPRIV_MUST_CHECK"].contains(&name);
        let is_text = words.next().map_or(false, |value| value.starts_with('"'));
        if name.starts_with("VPRIV_") && !is_attribute && !is_text {
            assert!(known.iter().any(|(what, _, _)| *what == name), "{name} is not declared");
        }
    }
}

#[test]
fn the_library_is_that_of_the_headers() {
    // SAFETY: gives a static text that ends with NUL.
    let running = unsafe { std::ffi::CStr::from_ptr(vpriv_version()) };
    assert_eq!(running.to_bytes_with_nul(), VPRIV_VERSION_TEXT);
}
