//! Everything that can be done to a log is found.

use mlxcode_base::RelPath;

use super::*;
use crate::journal::Actor;
use crate::layer::Disk;
use crate::plan::ChangeKind;

fn record(path: &str) -> AuditRecord {
    AuditRecord {
        seq: 0,
        time_ms: 1_700_000_000_000,
        actor: Actor::new("apply").with_model("tiny"),
        what: Audited::Apply(AuditedFile {
            entry: "1".to_owned(),
            path: RelPath::new(path).unwrap(),
            kind: ChangeKind::Modify,
            hash_before: Some(ContentHash::of(b"before")),
            hash_after: None,
            level: Some("exact".to_owned()),
        }),
    }
}

struct Ground {
    temp: tempfile::TempDir,
    log: AuditLog,
}

fn ground(lines: u64) -> Ground {
    let temp = tempfile::tempdir().unwrap();
    let log = AuditLog::new(Folder::open(temp.path()).unwrap());
    let ground = Ground { temp, log };
    for seq in 0..lines {
        ground.append(seq);
    }
    ground
}

impl Ground {
    fn append(&self, after: u64) {
        self.log.append(&Disk, after, &[record(&format!("f{}.txt", after + 1))]).unwrap();
    }

    fn place(&self) -> PathBuf {
        self.temp.path().join("000000000001.jsonl")
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.place()).unwrap().lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        fs::write(self.place(), lines.join("\n") + "\n").unwrap();
    }

    fn flaws(&self) -> Vec<(usize, AuditFlaw)> {
        let report = self.log.verify(None).unwrap();
        report.findings.into_iter().map(|finding| (finding.line, finding.flaw)).collect()
    }
}

#[test]
fn a_log_that_was_only_added_to_is_intact() {
    let ground = ground(5);
    let report = ground.log.verify(None).unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.sound, report.last_seq), (5, 5));
    let records = ground.log.records().unwrap();
    assert_eq!(records.len(), 5);
    assert_eq!(records[2], AuditRecord { seq: 3, ..record("f3.txt") });
    // Adding again what is there adds nothing.
    ground.append(4);
    assert_eq!(ground.log.verify(None).unwrap(), report);
    assert!(self::ground(0).log.verify(None).unwrap().is_intact());
}

/// What earlier versions wrote is read as it was.
#[test]
fn a_line_has_the_form_that_it_always_had() {
    let none = ContentHash::of(b"");
    let body = format!(
        "{{\"seq\":7,\"time_ms\":5,\"turn\":\"undo\",\"entry\":\"9\",\"command\":\"undo\",\
         \"path\":\"a\",\"kind\":\"delete\",\"hash_before\":\"{none}\",\"hash_after\":null,\
         \"previous\":\"{none}\""
    );
    let text = format!("{body},\"hash\":\"{}\"}}", ContentHash::of(body.as_bytes()));
    let read = line::decode(text.as_bytes()).unwrap().record;
    assert_eq!((read.seq, read.what.as_str(), read.actor.command.as_str()), (7, "undo", "undo"));
    let file = read.what.file().unwrap();
    assert_eq!((file.path.as_str(), file.hash_before, file.hash_after), ("a", Some(none), None));
}

#[test]
fn decisions_stand_between_changes() {
    let ground = ground(1);
    let long = "é".repeat(2_000);
    let what = Audited::Decide(AuditedDecision::new(&long, false, "rule"));
    let decision = AuditRecord { what, ..record("a") };
    ground.log.append(&Disk, 1, &[decision]).unwrap();
    ground.append(2);
    assert!(ground.log.verify(None).unwrap().is_intact());
    let records = ground.log.records().unwrap();
    let names: Vec<&str> = records.iter().map(|record| record.what.as_str()).collect();
    assert_eq!(names, ["apply", "decide", "apply"]);
    let Audited::Decide(decision) = &records[1].what else { panic!() };
    assert_eq!((decision.what.chars().count(), decision.allowed), (513, false));
    assert_eq!(records[1].what.file(), None);
}

#[test]
fn every_changed_byte_is_found_in_its_line() {
    let ground = ground(3);
    let whole = fs::read(ground.place()).unwrap();
    let mut line = 1;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(ground.place(), &changed).unwrap();
        let flaws = ground.flaws();
        assert!(!flaws.is_empty(), "byte {at}");
        if whole[at] != b'\n' && changed[at] != b'\n' {
            let expect = AuditFlaw::Changed { seq: line as u64 };
            assert_eq!(flaws, [(line, expect)], "byte {at}");
        }
        line += usize::from(whole[at] == b'\n');
    }
}

#[test]
fn removed_added_moved_and_rewritten_lines_are_named() {
    use AuditFlaw::{Changed, Inserted, Missing, Moved, NotTheHead, Rewritten};
    type Act = fn(&mut Vec<String>);
    let rewrite = |line: &str| -> String {
        let mut read = line::decode(line.as_bytes()).unwrap();
        read.record.what = record("other.txt").what;
        line::encode(&read.record, read.previous).unwrap().0
    };
    let acts: [(Act, &[(usize, AuditFlaw)]); 9] = [
        (|lines| drop(lines.remove(2)), &[(3, Missing { first: 3, last: 3 })]),
        (|lines| drop(lines.drain(0..2)), &[(1, Missing { first: 1, last: 2 })]),
        (|lines| lines.truncate(3), &[(0, Missing { first: 4, last: 6 })]),
        (|lines| lines.swap(2, 3), &[(4, Moved { seq: 3 })]),
        (|lines| lines.insert(2, lines[1].clone()), &[(3, Inserted)]),
        (|lines| lines.insert(2, "{}".to_owned()), &[(3, Inserted)]),
        (|lines| lines.push("{}".to_owned()), &[(7, Inserted)]),
        (
            |lines| {
                lines[1].insert(9, ' ');
                lines.remove(4);
            },
            &[(2, Changed { seq: 2 }), (5, Missing { first: 5, last: 5 })],
        ),
        (|lines| lines.clear(), &[(0, Missing { first: 1, last: 6 })]),
    ];
    for (number, (act, expect)) in acts.into_iter().enumerate() {
        let ground = ground(6);
        let mut lines = ground.lines();
        act(&mut lines);
        ground.write(&lines);
        assert_eq!(ground.flaws(), expect, "{number}");
    }
    for (line, expect) in [(1, (3, Rewritten { seq: 3 })), (5, (0, NotTheHead { seq: 6 }))] {
        let ground = ground(6);
        let mut lines = ground.lines();
        lines[line] = rewrite(&lines[line]);
        ground.write(&lines);
        assert_eq!(ground.flaws(), [expect]);
    }
}

#[test]
fn what_was_done_stays_to_be_seen_when_the_log_goes_on() {
    use AuditFlaw::{Changed, Inserted, Missing};
    let ground = ground(4);
    let mut lines = ground.lines();
    lines.truncate(2);
    ground.write(&lines);
    ground.append(4);
    assert_eq!(ground.flaws(), [(3, Missing { first: 3, last: 4 })]);

    let ground = self::ground(2);
    let text = fs::read_to_string(ground.place()).unwrap();
    fs::write(ground.place(), text.clone() + "a line of somebody else\n").unwrap();
    ground.append(2);
    assert!(ground.flaws().contains(&(3, Inserted)), "{:?}", ground.flaws());

    let ground = self::ground(2);
    fs::write(ground.place(), &text[..text.len() - 9]).unwrap();
    assert_eq!(ground.flaws(), [(2, Changed { seq: 2 })]);
    ground.append(2);
    assert_eq!(ground.flaws(), [(2, Changed { seq: 2 })]);
}

#[test]
fn half_a_line_of_a_crash_is_no_tampering() {
    for whole_lines in [false, true] {
        let ground = ground(2);
        let text = fs::read_to_string(ground.place()).unwrap();
        let head = ground.log.head().unwrap();
        let (line, _) =
            line::encode(&AuditRecord { seq: 3, ..record("f3.txt") }, head.hash).unwrap();
        let left = if whole_lines { format!("{line}\n") } else { line[..50].to_owned() };
        fs::write(ground.place(), text + &left).unwrap();
        ground.append(2);
        let report = ground.log.verify(None).unwrap();
        assert!(report.is_intact(), "{report:?}");
        assert_eq!(report.sound, 3);
    }
}

#[test]
fn a_head_that_was_noted_elsewhere_shows_a_log_that_was_made_anew() {
    let ground = ground(3);
    let noted = ground.log.verify(None).unwrap().head;
    ground.append(3);
    assert!(ground.log.verify(noted).unwrap().is_intact());
    // Somebody computes everything anew, the head too.
    fs::remove_file(ground.place()).unwrap();
    fs::remove_file(ground.temp.path().join(HEAD)).unwrap();
    for seq in 0..4 {
        ground.log.append(&Disk, seq, &[record("other.txt")]).unwrap();
    }
    assert!(ground.log.verify(None).unwrap().is_intact(), "nothing in the folder can tell");
    let findings = ground.log.verify(noted).unwrap().findings;
    assert!(matches!(findings[..], [AuditFinding { flaw: AuditFlaw::NotNoted { .. }, .. }]));
}

#[test]
fn a_lost_head_is_told_then_and_later() {
    let ground = ground(3);
    fs::remove_file(ground.temp.path().join(HEAD)).unwrap();
    assert_eq!(ground.flaws(), [(0, AuditFlaw::NoHead)]);
    ground.append(4);
    assert_eq!(ground.flaws(), [(4, AuditFlaw::Missing { first: 4, last: 4 })]);
}

#[test]
fn the_log_keeps_its_limit_and_stays_intact() {
    let mut ground = ground(0);
    (ground.log.segment_bytes, ground.log.most_segments) = (900, 3);
    for seq in 0..20 {
        ground.append(seq);
        let report = ground.log.verify(None).unwrap();
        assert!(report.is_intact(), "{seq}: {report:?}");
    }
    let report = ground.log.verify(None).unwrap();
    assert!(report.dropped > 0 && report.sound as u64 + report.dropped == 20, "{report:?}");
    assert_eq!(ground.log.segments().unwrap().len(), 3);
    assert_eq!(ground.log.records().unwrap().last().unwrap().seq, 20);
    // A file that is missing is found too.
    let middle = ground.log.segments().unwrap()[1];
    fs::remove_file(ground.log.place(&segment_name(middle))).unwrap();
    assert!(matches!(ground.flaws()[..], [(1, AuditFlaw::Missing { .. })]));
}
