//! What buttons say: there and back, long names, and what nobody made.

use super::*;

fn every() -> Vec<Press> {
    let name = || "win_back".to_owned();
    let places = [
        Place::Main,
        Place::Campaigns(3),
        Place::Campaign(name()),
        Place::Monitoring,
        Place::Tests(0),
        Place::Test("holdout:x".into()),
        Place::Automation(12),
        Place::Part(Unit::Drip, name()),
        Place::Loops,
        Place::People(1),
        Place::Statistics(30),
        Place::Details(Cut::Template, 7),
        Place::Revenue,
        Place::Search,
        Place::User(-7),
        Place::Config,
        Place::Findings,
        Place::Editions,
        Place::Edition("0a1b2c".into()),
        Place::System,
        Place::Journal,
        Place::Notices(0),
    ];
    let deeds = [
        Deed::Reload,
        Deed::RollBack("0a1b2c".into()),
        Deed::Switch(Way::On, Unit::Rule, name()),
        Deed::Switch(Way::Off, Unit::Task, name()),
        Deed::Replay,
        Deed::TestStart(name()),
        Deed::TestStop(name()),
        Deed::Ship(1, name()),
        Deed::Start(2, name()),
        Deed::Steer(Steer::Pause, name()),
        Deed::Steer(Steer::Resume, name()),
        Deed::Steer(Steer::Cancel, name()),
        Deed::Answer(Answer::Approve, name()),
        Deed::Answer(Answer::Refuse, name()),
        Deed::Arm,
        Deed::Disarm,
        Deed::Backup,
    ];
    let asked = deeds.iter().cloned().map(Press::Ask);
    places.into_iter().map(Press::Open).chain(asked).chain(deeds.iter().cloned().map(Press::Do)).collect()
}

#[test]
fn what_a_button_says_comes_back() {
    for press in every() {
        let data = encode(&press);
        assert!(is_ours(&data) && data.len() <= 64, "{data}");
        assert_eq!(decode(&data), Some(press), "{data}");
    }
}

#[test]
fn long_names_are_found_by_their_hash() {
    let long = "очень_длинное_имя_рассылки_которое_никуда_не_поместится".to_owned();
    for name in [long, "#x".to_owned(), "a".repeat(200)] {
        let data = encode(&Press::Ask(Deed::Start(4_000_000_000, name.clone())));
        assert!(data.len() <= 64, "{data}");
        let Some(Press::Ask(Deed::Start(_, said))) = decode(&data) else { panic!("{data}") };
        assert_eq!(resolve(&said, ["other", name.as_str()]), Some(name.as_str()));
        assert_eq!(resolve(&said, ["other"]), None);
    }
}

#[test]
fn what_is_forged_or_of_another_version_is_nothing() {
    let long = format!("vestnik:a:o:camp:{}", "x".repeat(100));
    for data in [
        "vestnik:a:",
        "vestnik:a:o",
        "vestnik:a:o:",
        "vestnik:a:x:main",
        "vestnik:a:o:main:more",
        "vestnik:a:o:tests:-1",
        "vestnik:a:o:tests:99999999999999999999",
        "vestnik:a:o:stat:0",
        "vestnik:a:o:stat:4000000000",
        "vestnik:a:o:user:drop",
        "vestnik:a:d:on:segment:x",
        "vestnik:a:d:start:x:y",
        "vestnik:a:d:start:1:",
        "vestnik:a:d:destroy",
        long.as_str(),
    ] {
        assert!(is_ours(data), "{data}");
        assert_eq!(decode(data), None, "{data}");
    }
    assert!(!is_ours("vestnik:approve:x") && !is_ours("admin_stats"));
}
