//! Finds libvoicepriv (pkg-config first), chooses the declarations, and lists what the layout test compares.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "src/declarations.rs"]
mod declarations;

fn main() {
    for name in ["PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_SYSROOT_DIR", "BINDGEN"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-env-changed=VOICEPRIV_LIB_DIR");
    println!("cargo:rerun-if-env-changed=VOICEPRIV_INCLUDE_DIR");
    for file in ["build.rs", "wrapper.h", "src/bindings.rs", "src/declarations.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    let includes = find_library();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let made = out.join("bindings.rs");
    if env::var_os("CARGO_FEATURE_BINDGEN").is_some() {
        run_bindgen(&includes, &made);
        watch_headers(&includes);
    } else {
        fs::copy("src/bindings.rs", &made).expect("copying src/bindings.rs");
    }
    let text = fs::read_to_string(&made).expect("reading the declarations");
    fs::write(out.join("layout.rs"), declarations::layout_table(&text)).expect("writing layout.rs");
    let joined = env::join_paths(&includes).expect("include folders without a colon");
    println!("cargo:rustc-env=VOICEPRIV_INCLUDES={}", joined.to_string_lossy());
    println!("cargo:include={}", joined.to_string_lossy());
}

/// Tells cargo how to link; gives the folders of the headers.
fn find_library() -> Vec<PathBuf> {
    let pkg_config = match ask_pkg_config() {
        Ok(flags) => return use_flags(&flags),
        Err(why) => why,
    };
    if let Some(folder) = env::var_os("VOICEPRIV_LIB_DIR") {
        println!("cargo:rustc-link-search=native={}", Path::new(&folder).display());
        println!("cargo:rustc-link-lib=voicepriv");
        return env::var_os("VOICEPRIV_INCLUDE_DIR").map(PathBuf::from).into_iter().collect();
    }
    panic!(
        "libvoicepriv was not found: {pkg_config}\n\
         Install it, or name the folder of voicepriv.pc in PKG_CONFIG_PATH (in a source tree: its build/), \
         or set VOICEPRIV_LIB_DIR and VOICEPRIV_INCLUDE_DIR."
    );
}

fn ask_pkg_config() -> Result<String, String> {
    let program = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let output = Command::new(&program)
        .args(["--print-errors", "--cflags", "--libs", "voicepriv >= 0.1"])
        .env("PKG_CONFIG_ALLOW_SYSTEM_CFLAGS", "1")
        .output()
        .map_err(|e| format!("{} does not run: {e}", Path::new(&program).display()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

fn use_flags(flags: &str) -> Vec<PathBuf> {
    let mut includes = Vec::new();
    for flag in flags.split_whitespace() {
        if let Some(folder) = flag.strip_prefix("-I") {
            includes.push(PathBuf::from(folder));
        } else if let Some(folder) = flag.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={folder}");
        } else if let Some(library) = flag.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={library}");
        }
    }
    includes
}

/// The options are those that src/bindings.rs was made with; tests/regenerate.rs compares.
fn run_bindgen(includes: &[PathBuf], made: &Path) {
    let program = env::var_os("BINDGEN").unwrap_or_else(|| "bindgen".into());
    let status = Command::new(&program)
        .arg("wrapper.h")
        .args(declarations::BINDGEN_OPTIONS)
        .arg("--output")
        .arg(made)
        .arg("--")
        .args(includes.iter().map(|folder| format!("-I{}", folder.display())))
        .status()
        .unwrap_or_else(|e| {
            panic!("the feature `bindgen` needs the program bindgen (Debian's package bindgen): {e}")
        });
    assert!(status.success(), "bindgen failed");
}

fn watch_headers(includes: &[PathBuf]) {
    for folder in includes {
        let ours = folder.join("voicepriv");
        if ours.is_dir() {
            println!("cargo:rerun-if-changed={}", ours.display());
        }
    }
}
