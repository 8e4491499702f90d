//! The vectors that all languages share (tests/vectors): files that the library reads, good ones and faults.

mod common;
use common::*;
use std::fs;
use std::process::{Command, Stdio};
use voicepriv::*;

/// One case of a file: its fields in order.
struct Case(Vec<(String, String)>);

impl Case {
    fn text(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    fn bytes(&self, field: &str) -> Vec<u8> {
        unpacked(self.text(field).unwrap_or_else(|| panic!("no {field} in {:?}", self.text("case"))))
    }

    fn number(&self, field: &str) -> u64 {
        self.text(field).expect(field).parse().expect("a number")
    }

    fn name(&self) -> &str {
        self.text("case").expect("a name")
    }

    fn array<const N: usize>(&self, field: &str) -> [u8; N] {
        self.bytes(field).try_into().expect("so many bytes")
    }

    /// Holds a result against what is expected of it.
    fn judge<T: std::fmt::Debug>(&self, result: Result<T>) -> Option<T> {
        let expected = match self.text("expect").expect("what is expected") {
            "ok" => None,
            "auth" => Some(Status::Authentication),
            "format" => Some(Status::Format),
            "version" => Some(Status::Version),
            "root" => Some(Status::Root),
            other => panic!("{other}"),
        };
        match result {
            Ok(value) => {
                assert_eq!(expected, None, "{}: {value:?}", self.name());
                Some(value)
            }
            Err(error) => {
                assert_eq!(expected, Some(error.status()), "{}: {error}", self.name());
                None
            }
        }
    }
}

/// Hexadecimal, with runs as ` BYTE*COUNT `.
fn unpacked(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in text.split_whitespace() {
        if let Some((byte, count)) = word.split_once('*') {
            let byte = u8::from_str_radix(byte, 16).expect("a byte");
            bytes.extend(vec![byte; count.parse::<usize>().expect("a count")]);
        } else {
            assert_eq!(word.len() % 2, 0, "{word}");
            bytes.extend(
                (0..word.len() / 2).map(|i| u8::from_str_radix(&word[2 * i..2 * i + 2], 16).expect("hex")),
            );
        }
    }
    bytes
}

fn tree() -> String {
    format!("{}/../../..", env!("CARGO_MANIFEST_DIR"))
}

fn cases(name: &str) -> Vec<Case> {
    let text = fs::read_to_string(format!("{}/tests/vectors/{name}.txt", tree())).expect(name);
    let cases: Vec<Case> = text
        .split("\n\n")
        .skip(1)
        .map(|part| {
            let fields = part.lines().map(|line| line.split_once(':').expect("a field"));
            Case(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
        })
        .collect();
    assert!(cases.len() >= 5, "{name}: only {} cases", cases.len());
    cases
}

#[test]
fn keyrings() {
    let folder = Folder::new("vectors-keyrings");
    for (i, case) in cases("keyring").iter().enumerate() {
        let file = folder.file(&i.to_string());
        fs::write(&file, case.bytes("file")).expect("written");
        if let Some(keyring) = case.judge(Keyring::load(&file)) {
            assert_eq!(u64::from(keyring.purposes().expect("told").bits()), case.number("has_secret"));
            assert_eq!(keyring.is_capture_credential(), Ok(case.number("kind") == 2), "{}", case.name());
        }
    }
}

#[test]
fn leaves_of_the_log() {
    for case in cases("log-leaf").iter().filter(|case| case.text("commitment").is_some()) {
        let hash = leaf_hash(Sha256::from_bytes(case.array("commitment"))).expect("hashed");
        assert_eq!(hash.as_bytes(), &case.array("leaf_hash"));
    }
}

#[test]
fn checkpoints() {
    for case in cases("checkpoint") {
        let origin = format!("voicepriv/{}", case.text("vault_id").expect("an id"));
        let note = String::from_utf8(case.bytes("note")).unwrap_or_else(|_| "\u{fffd}".to_owned());
        let key = PublicKey::from_bytes(case.array("public_key"));
        if let Some((size, root)) = case.judge(verify_checkpoint(&note, &origin, key)) {
            assert_eq!((size, root.as_bytes()), (case.number("size"), &case.array("root")));
        }
    }
}

/// What the root file says is seen beside a backup of any vault.
fn generation(root: &mut RootStore, home: &Home) -> Result<(u64, BackupState)> {
    let backup = home.folder.file("backup");
    home.vault.backup(&backup, true, |_, _| std::ops::ControlFlow::Continue(()))?;
    let info = check_backup(&backup, root)?;
    Ok((info.root_generation, info.state))
}

#[test]
fn root_files() {
    let home = Home::new("vectors-roots");
    for (i, case) in cases("root-file").iter().enumerate() {
        let file = home.folder.file(&i.to_string());
        fs::write(&file, case.bytes("file")).expect("written");
        let mut root = RootStore::file(&file).expect("a store");
        match generation(&mut root, &home) {
            Ok((generation, BackupState::OtherVault)) => {
                assert_eq!(case.text("expect"), Some("ok"), "{}", case.name());
                assert_eq!(generation, case.number("generation"));
            }
            Ok((_, state)) => {
                assert_eq!(
                    (case.text("expect"), state),
                    (Some("root"), BackupState::NoRoot),
                    "{}",
                    case.name()
                );
            }
            Err(error) => {
                assert_ne!(case.text("expect"), Some("ok"), "{}: {error}", case.name());
                assert!([Status::Format, Status::Root].contains(&error.status()), "{}: {error}", case.name());
            }
        }
    }
}

#[test]
fn passphrase_files() {
    let home = Home::new("vectors-passphrases");
    for (i, case) in cases("passphrase-file").iter().enumerate() {
        let file = home.folder.file(&i.to_string());
        fs::write(&file, case.bytes("file")).expect("written");
        let opened = match case.text("recovery_key") {
            Some(key) => {
                let key = RecoveryKey::from_text(Passphrase::from(key.to_owned())).expect("short enough");
                RootStore::recover(&file, &key)
            }
            None => RootStore::passphrase(&file, &Passphrase::from(case.bytes("passphrase")), None),
        };
        if let Some(mut root) = case.judge(opened) {
            let (generation, state) = generation(&mut root, &home).expect("told");
            assert_eq!((generation, state), (case.number("generation"), BackupState::OtherVault));
        }
    }
}

/// The root record of the vault of vault.txt.
struct Record([u8; RootRecord::BYTES]);

impl Medium for Record {
    fn load(&mut self, record: &mut RootRecord<'_>) -> Result<()> {
        record.expose_mut().copy_from_slice(&self.0);
        Ok(())
    }

    fn replace(&mut self, record: &RootRecord<'_>) -> Result<()> {
        self.0 = *record.expose();
        Ok(())
    }

    fn destroy(&mut self) -> Result<()> {
        Err(Status::Root.into())
    }
}

fn sqlite(file: &std::path::Path, script: &str) -> String {
    use std::io::Write;
    let mut child = Command::new("sqlite3")
        .arg("-bail")
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sqlite3 runs (Debian's package sqlite3)");
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_whole_vault_of_long_ago() {
    let folder = Folder::new("vectors-vault");
    let file = folder.file("v");
    let page = fs::read_to_string(format!("{}/doc/format.md", tree())).expect("doc/format.md");
    let schema = page.split("```sql\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the schema");
    let pragmas = "PRAGMA application_id = 0x56505256;\nPRAGMA user_version = 1;\n";
    sqlite(&file, &format!("{schema}\n{pragmas}"));
    let mut script = String::from("BEGIN;\n");
    let mut record = None;
    for case in cases("vault") {
        match case.name() {
            "root" => record = Some(case.array("record")),
            "secret" => (),
            table => {
                let types =
                    sqlite(&file, &format!("SELECT name || ' ' || type FROM pragma_table_info('{table}');"));
                let value = |(column, value): &(String, String)| match value.as_str() {
                    "null" => "NULL".to_owned(),
                    value if types.lines().any(|line| line == format!("{column} BLOB")) => {
                        let hex: String = unpacked(value).iter().map(|byte| format!("{byte:02x}")).collect();
                        format!("X'{hex}'")
                    }
                    value => (value.parse::<u64>().expect("a number") as i64).to_string(),
                };
                let values: Vec<String> = case.0[2..].iter().map(value).collect();
                let row = format!("INSERT INTO {table} VALUES ({});\n", values.join(","));
                script.push_str(&row);
            }
        }
    }
    sqlite(&file, &(script + "COMMIT;\n"));
    let root = RootStore::medium(Assurance::Keyed, Record(record.expect("a record"))).expect("a store");
    let vault = Vault::open(&file, root).expect("it opens");
    let people = vault.subjects().expect("a list");
    let names: Vec<_> = people.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Bob"]);
    assert_eq!((people[0].home.as_str(), people[0].birth), ("QX", Some((1980, 2))));
    let about = vault.about().expect("info");
    assert_eq!((about.controller_id.as_str(), about.recordings), ("acme", 3));
    let recordings = vault.recordings(&RecordingFilter::default()).expect("a list");
    assert_eq!(recordings[0].subjects, [people[0].id, people[1].id]);
    assert_eq!((recordings[0].added, recordings[1].added), (1, 0));
    let both = Purposes::from(Purpose::KeepHistory) | Purpose::ImproveByMachine.into();
    assert_eq!((recordings[0].purposes, recordings[1].purposes), (both, both));
    let made: Vec<_> =
        recordings.iter().flat_map(|info| vault.derivatives(info.id).expect("a list")).collect();
    assert_eq!((made.len(), made[0].kind, made[0].made_by.as_str()), (1, DerivativeKind::Transcript, "acme"));
    assert!(vault.log(0).expect("the log").len() >= 23);
    assert_eq!(vault.verify(None).expect("looked at").findings, Vec::<String>::new());
}
