// What can be read out of the text that bindgen writes, formatted or not. Shared by build.rs and the tests.

/// How src/bindings.rs is made.
pub const BINDGEN_OPTIONS: &[&str] = &[
    "--allowlist-function",
    "vpriv_.*",
    "--allowlist-type",
    "vpriv_.*",
    "--allowlist-var",
    "VPRIV_.*",
    "--default-enum-style",
    "consts",
    "--no-prepend-enum-name",
    "--with-derive-default",
    "--size_t-is-usize",
    "--no-layout-tests",
    "--no-doc-comments",
];

/// Every struct that C lets us look into, with its fields.
pub fn structs(text: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for piece in text.split("pub struct ").skip(1) {
        let open = piece.find('{').expect("a struct has a body");
        let body = &piece[open + 1..];
        let body = &body[..body.find('}').expect("a body ends")];
        let fields: Vec<String> = body
            .split("pub ")
            .skip(1)
            .map(|field| field[..field.find(':').expect("a field has a type")].trim().to_owned())
            .collect();
        if !fields.is_empty() {
            found.push((piece[..open].trim().to_owned(), fields));
        }
    }
    found
}

/// Every constant, and whether it is a text.
pub fn constants(text: &str) -> Vec<(String, bool)> {
    text.split("pub const ")
        .skip(1)
        .map(|piece| {
            let colon = piece.find(':').expect("a constant has a type");
            let is_text = piece[colon + 1..].trim_start().starts_with('&');
            (piece[..colon].trim().to_owned(), is_text)
        })
        .collect()
}

/// The functions, in the order of the headers.
#[allow(dead_code)]
pub fn functions(text: &str) -> Vec<String> {
    text.split("pub fn ")
        .skip(1)
        .map(|piece| piece[..piece.find('(').expect("a function has arguments")].trim().to_owned())
        .collect()
}

/// Rust and C, side by side, as tests/layout.rs takes them: (what, expression in C, value in Rust).
pub fn layout_table(text: &str) -> String {
    let mut rows = String::from("vec![\n");
    let mut row = |what: &str, c: &str, rust: &str| {
        let line = format!("({what:?}, {c:?}, format!(\"{{}}\", {rust})),\n");
        rows.push_str(&line);
    };
    for (name, fields) in structs(text) {
        row(
            &format!("sizeof {name}"),
            &format!("(long long)sizeof({name})"),
            &format!("std::mem::size_of::<{name}>()"),
        );
        row(
            &format!("alignof {name}"),
            &format!("(long long)_Alignof({name})"),
            &format!("std::mem::align_of::<{name}>()"),
        );
        for field in fields {
            // Where C's name is a word of Rust's, bindgen appends a line.
            let in_c = field.trim_end_matches('_');
            row(
                &format!("offset of {name}.{field}"),
                &format!("(long long)offsetof({name}, {in_c})"),
                &format!("place!({name}, {field}).0"),
            );
            row(
                &format!("sizeof {name}.{field}"),
                &format!("(long long)sizeof((({name} *)0)->{in_c})"),
                &format!("place!({name}, {field}).1"),
            );
        }
    }
    for (name, is_text) in constants(text) {
        if !is_text {
            row(&name, &format!("(long long)({name})"), &format!("{name} as i64"));
        }
    }
    rows.push(']');
    rows
}
