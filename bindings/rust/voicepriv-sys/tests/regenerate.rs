//! The declarations that are checked in are those that bindgen makes of the headers. It needs the program bindgen,
//! so cargo leaves it out; bindings/rust/check asks for it where there is one.

use std::env;
use std::process::Command;

#[path = "../src/declarations.rs"]
#[allow(dead_code)]
mod declarations;

const CHECKED_IN: &str = include_str!("../src/bindings.rs");

/// Without comments, blanks, and the commas that only a formatter sets.
fn without_form(text: &str) -> String {
    let mut plain = String::new();
    for line in text.lines().filter(|line| !line.starts_with("/*")) {
        plain.extend(line.chars().filter(|c| !c.is_whitespace()));
    }
    plain.replace(",}", "}").replace(",)", ")").replace(",>", ">")
}

#[test]
#[ignore = "needs the program bindgen"]
fn bindgen_makes_the_same() {
    let program = env::var("BINDGEN").unwrap_or_else(|_| "bindgen".to_owned());
    let output = Command::new(&program).arg("--version").output().expect("bindgen runs");
    assert!(output.status.success());
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let output = Command::new(&program)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/wrapper.h"))
        .args(declarations::BINDGEN_OPTIONS)
        .arg("--")
        .args(env::split_paths(env!("VOICEPRIV_INCLUDES")).map(|folder| format!("-I{}", folder.display())))
        .output()
        .expect("bindgen runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = without_form(&String::from_utf8(output.stdout).expect("UTF-8"));
    let ours = without_form(CHECKED_IN);
    if version.trim() == "bindgen 0.60.1" {
        let at = made.bytes().zip(ours.bytes()).take_while(|(a, b)| a == b).count();
        let show =
            |text: &str| text.get(at.saturating_sub(60)..).map(|t| t.chars().take(160).collect::<String>());
        assert_eq!(made, ours, "they part here: {:?} and {:?}", show(&made), show(&ours));
    } else {
        // Another bindgen spells things in another way; what it declares is the same.
        let made_functions =
            declarations::functions(&String::from_utf8_lossy(made.as_bytes()).replace("pubfn", "pub fn "));
        let our_functions = declarations::functions(&ours.replace("pubfn", "pub fn "));
        assert_eq!(made_functions, our_functions, "made by {version}");
    }
}

#[test]
fn a_changed_declaration_is_seen() {
    let changed = CHECKED_IN.replacen("pub n_subjects: usize", "pub n_subjects: u32", 1);
    assert_ne!(without_form(&changed), without_form(CHECKED_IN));
    assert_eq!(without_form("pub struct a {\n    b: c,\n}\n"), without_form("pub struct a { b : c }"));
}
