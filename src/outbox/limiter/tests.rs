//! The limiter as a whole: rows for each promise, then random traffic in
//! virtual time.

mod traffic;

use super::*;

fn ms(n: i64) -> TimeDelta {
    TimeDelta(n)
}

fn bot(count: u32) -> Limits {
    Limits { bot: Some(Rate::per_second(count)), ..Limits::default() }
}

/// Sends as fast as the limiter allows, each to another chat, waking up
/// `late(i)` ms after each allowed moment, and returns the times.
fn greedy(limiter: &mut Limiter, pass: Pass, span: std::ops::Range<i64>, late: impl Fn(i64) -> i64) -> Vec<i64> {
    let (mut now, mut sent) = (ms(span.start), Vec::new());
    while now.0 < span.end {
        let ready = limiter.bot_ready(pass, now);
        if ready > now {
            now = ready + ms(late(sent.len() as i64));
            continue;
        }
        limiter.take(pass, sent.len() as i64, now);
        sent.push(now.0);
    }
    sent
}

/// The most grants in any window of so many milliseconds.
fn busiest(times: &[i64], window: i64) -> usize {
    let end = |start: i64| times.partition_point(|t| *t < start + window);
    times.iter().enumerate().map(|(i, t)| end(*t) - i).max().unwrap_or(0)
}

#[test]
fn no_second_holds_more_than_the_limit_and_hardly_any_is_wasted() {
    for count in [1, 3, 30, 200, 1_000] {
        for lateness in [0, 1, 5] {
            let sent = greedy(&mut Limiter::new(bot(count)), Pass::Bulk, 0..120_000, |i| i * 7 % (lateness + 1));
            assert!(busiest(&sent, 1_000) <= count as usize, "{count}/s, {lateness} ms late");
            let share = sent.len() as f64 / (f64::from(count) * 120.0);
            assert!(share >= 0.99, "{count}/s, {lateness} ms late: {share}");
        }
    }
}

#[test]
fn grants_are_spread_over_the_second() {
    for (count, most) in [(30, 7), (1_000, 210)] {
        let sent = greedy(&mut Limiter::new(bot(count)), Pass::Bulk, 0..5_000, |_| 0);
        assert!(busiest(&sent, 100) <= most, "{count}");
    }
}

#[test]
fn chats_and_groups_have_limits_of_their_own() {
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    limiter.take(Pass::Bulk, 5, ms(0));
    assert!(limiter.chat_ready(5, ms(500)) > ms(999));
    assert!(limiter.chat_ready(6, ms(500)) <= ms(500));
    for i in 0..20 {
        limiter.take(Pass::Bulk, -9, ms(i));
    }
    assert!(limiter.chat_ready(-9, ms(30_000)) > ms(59_999));
}

#[test]
fn changed_limits_count_what_was_granted_and_forget_the_old_pace() {
    let bot =
        |count, seconds| Limits { bot: Some(Rate { count, per: TimeDelta::seconds(seconds) }), ..Limits::default() };
    for (before, after, granted, ready) in [
        // lowered: the thirtieth grant back must be a second old
        (bot(60, 1), bot(30, 1), 60, 1_300..1_310),
        // raised: there is room for more in this second
        (bot(30, 1), bot(60, 1), 30, 0..990),
        // a pace of one an hour ends with its rate
        (bot(1, 3_600), bot(30, 1), 1, 0..100),
    ] {
        let mut limiter = Limiter::new(before);
        for i in 0..granted {
            limiter.take(Pass::Bulk, i, ms(i * 10));
        }
        limiter.set_limits(after);
        let at = limiter.bot_ready(Pass::Bulk, ms(granted * 10)).0;
        assert!(ready.contains(&at), "{before:?} to {after:?}: {at}");
    }
}

#[test]
fn what_another_process_sent_is_waited_out() {
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    limiter.use_up(ms(0));
    for pass in [Pass::Urgent, Pass::Bulk] {
        assert!((1_000..1_010).contains(&limiter.bot_ready(pass, ms(0)).0), "{pass:?}");
    }
    for (chat, ready) in [(7, 1_000..1_010), (-7, 60_000..60_010)] {
        assert!(ready.contains(&limiter.chat_ready(chat, ms(0)).0), "{chat}");
    }
    let mut free = Limiter::new(Limits::default());
    free.use_up(ms(0));
    assert_eq!((free.bot_ready(Pass::Urgent, ms(0)), free.chat_ready(7, ms(0))), (ms(0), ms(0)));
}

#[test]
fn a_hold_is_never_shortened() {
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    for until in [7_000, 3_000] {
        limiter.hold(ms(until));
        limiter.hold_chat(5, ms(until + 1_000));
    }
    assert_eq!(limiter.bot_ready(Pass::Urgent, ms(0)), ms(7_000));
    assert_eq!((limiter.held(ms(6_999)), limiter.held(ms(7_000))), (Some(ms(7_000)), None));
    assert_eq!((limiter.chat_ready(5, ms(0)), limiter.chat_ready(6, ms(0))), (ms(8_000), ms(0)));
    assert_eq!(limiter.held_chats(ms(7_999)).collect::<Vec<_>>(), [(5, ms(8_000))]);
    assert_eq!(limiter.held_chats(ms(8_000)).count(), 0);
}

#[test]
fn answers_find_a_slot_soon_beside_bulk_and_nothing_is_wasted() {
    for count in [10, 30, 100] {
        let mut limiter = Limiter::new(bot(count));
        let (mut asked, mut sent) = (None, 0);
        for now in 0..60_000 {
            // somebody asks three times in two seconds
            asked = asked.or((now % 667 == 250).then_some(now));
            if let Some(at) = asked.filter(|_| limiter.bot_ready(Pass::Urgent, ms(now)) <= ms(now)) {
                limiter.take(Pass::Urgent, 1_000_000 + now, ms(now));
                assert!(now - at <= 102, "{count}: {}", now - at);
                (asked, sent) = (None, sent + 1);
            }
            if asked.is_none() && limiter.bot_ready(Pass::Bulk, ms(now)) <= ms(now) {
                limiter.take(Pass::Bulk, now, ms(now));
                sent += 1;
            }
        }
        assert!(f64::from(sent) >= 0.99 * 60.0 * f64::from(count), "{count}: {sent}");
    }
}

#[test]
fn answers_do_not_wait_for_a_rate_that_dropped() {
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    greedy(&mut limiter, Pass::Bulk, 0..2_000, |_| 0);
    for second in 0..40 {
        limiter.too_many(100, TimeDelta::seconds(0), ms(2_000 + 200 * second));
    }
    let now = 11_000;
    limiter.take(Pass::Bulk, 7, limiter.bot_ready(Pass::Bulk, ms(now)).max(ms(now)));
    assert!(limiter.bot_ready(Pass::Bulk, ms(now)) >= ms(now + 700));
    assert_eq!(limiter.bot_ready(Pass::Urgent, ms(now)).max(ms(now)), ms(now));
}

#[test]
fn an_answer_that_nobody_expected_waits_a_tenth_of_a_second_at_most() {
    for count in [10, 20, 30, 100, 1_000] {
        for moment in (20_000..21_000).step_by(37) {
            let mut limiter = Limiter::new(bot(count));
            greedy(&mut limiter, Pass::Bulk, 0..moment, |i| i * 7 % 3);
            let wait = limiter.bot_ready(Pass::Urgent, ms(moment)).0 - moment;
            assert!(wait <= 102, "{count}: {wait}");
        }
    }
}

/// A request to `chat` that is refused with 429 fifty milliseconds later.
fn told(limiter: &mut Limiter, chat: i64, seconds: i64, at: i64) -> Scope {
    limiter.take(Pass::Bulk, chat, ms(at - 50));
    limiter.too_many(chat, TimeDelta::seconds(seconds), ms(at))
}

#[test]
fn a_429_holds_the_chat_or_the_bot() {
    let (group, user) = (-5, 5);
    // a group while the bot hardly sends
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    assert_eq!(told(&mut limiter, group, 30, 1_000), Scope::Chat);
    assert_eq!((limiter.held(ms(1_000)), limiter.chat_ready(group, ms(1_000))), (None, ms(31_100)));
    // another chat as well: everything, for the longest that was told
    assert_eq!(told(&mut limiter, user, 3, 2_000), Scope::Bot);
    assert_eq!(limiter.held(ms(2_000)), Some(ms(31_100)));

    // as before, but a third was delivered meanwhile: the group is alone again
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    assert_eq!(told(&mut limiter, group, 30, 1_000), Scope::Chat);
    limiter.take(Pass::Bulk, 77, ms(1_500));
    limiter.delivered(77);
    assert_eq!(told(&mut limiter, user, 3, 2_000), Scope::Bot);
    assert_eq!(limiter.held(ms(2_000)), Some(ms(5_100)));

    // a single message after a long silence: in doubt the bot, if it is short
    for (seconds, scope) in [(5, Scope::Bot), (3_600, Scope::Chat)] {
        let mut limiter = Limiter::new(Limits::TELEGRAM);
        assert_eq!(told(&mut limiter, user, seconds, 1_000), scope);
    }

    // one that was written to just before
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    limiter.take(Pass::Bulk, user, ms(100));
    assert_eq!(told(&mut limiter, user, 4, 2_000), Scope::Chat);

    // in the middle of a broadcast: the bot; again for the same chat, while
    // others are delivered: the chat
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    greedy(&mut limiter, Pass::Bulk, 0..2_000, |_| 0);
    assert_eq!(told(&mut limiter, 1_000, 1, 2_050), Scope::Bot);
    greedy(&mut limiter, Pass::Bulk, 3_150..5_000, |_| 0);
    limiter.delivered(20);
    assert_eq!(told(&mut limiter, 1_000, 1, 5_050), Scope::Chat);
}

#[test]
fn a_refusal_of_the_bot_lowers_its_rate_once_and_it_comes_back() {
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    assert_eq!(limiter.rate_now(ms(0)), Some(30.0));
    greedy(&mut limiter, Pass::Bulk, 0..2_000, |_| 0);
    // all that was under way is refused
    (100..110).for_each(|chat| assert_eq!(told(&mut limiter, chat, 5, 2_000 + chat), Scope::Bot));
    assert_eq!(limiter.held(ms(2_200)), Some(ms(7_209)));
    assert_eq!(limiter.rate_now(ms(2_200)), Some(21.0));
    for (span, least, most) in [(7_209..17_209, 210, 225), (27_209..37_209, 235, 265), (70_000..100_000, 890, 900)] {
        let sent = greedy(&mut limiter, Pass::Bulk, span.clone(), |_| 0).len();
        assert!((least..=most).contains(&sent), "{span:?}: {sent}");
    }
    assert_eq!(limiter.rate_now(ms(100_000)), Some(30.0));
    assert_eq!(Limiter::new(Limits::default()).rate_now(ms(0)), None);
}

#[test]
fn paid_messages_have_a_limit_of_their_own_and_thirty_a_second_are_free() {
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    let (mut now, mut at, mut costs) = (0, Vec::new(), Vec::new());
    while now < 60_000 {
        while limiter.bot_ready(Pass::Paid, ms(now)) <= ms(now) {
            costs.push((now, limiter.take(Pass::Paid, at.len() as i64, ms(now))));
            at.push(now);
        }
        // answers go out beside it
        if now % 100 == 0 && limiter.bot_ready(Pass::Urgent, ms(now)) <= ms(now + 5) {
            limiter.take(Pass::Urgent, -now, ms(now));
            at.push(now);
        }
        now += 1;
    }
    assert!(at.len() >= 59_400 && busiest(&at, 1_000) <= 1_005, "{} {}", at.len(), busiest(&at, 1_000));
    let free = costs.iter().filter(|(_, price)| *price == Price::Free).count();
    assert!(free <= 30, "{free}");
    // slower than thirty a second costs nothing
    let mut slow = Limiter::new(Limits::TELEGRAM);
    assert!((0..500).all(|i| slow.take(Pass::Paid, i, ms(i * 34)) == Price::Free));
}

#[test]
fn an_album_counts_as_many_messages() {
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    let bulk = |limiter: &Limiter, chat, messages, at| limiter.ready(Pass::Bulk, chat, messages, ms(at)).0;
    assert_eq!(bulk(&limiter, 1, 10, 0), 0);
    (0..3).for_each(|chat| drop(limiter.take_all(Pass::Bulk, 100 + chat, 10, ms(0))));
    // thirty left at once: the whole second is used up
    assert!(bulk(&limiter, 1, 1, 500) >= 1_000);
    // ten seconds of a chat's patience
    assert!(bulk(&limiter, 100, 1, 2_000) >= 10_000);
    assert!(bulk(&limiter, 1, 1, 2_000) <= 2_000);
    let mut limiter = Limiter::new(Limits::TELEGRAM);
    limiter.take_all(Pass::Bulk, -5, 10, ms(0));
    limiter.take_all(Pass::Bulk, -5, 6, ms(5_000));
    // a group has four left in this minute
    assert!(bulk(&limiter, -5, 4, 10_000) <= 10_000);
    assert!(bulk(&limiter, -5, 5, 10_000) >= 60_000);
}
