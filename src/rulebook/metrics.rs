//! The measurements of the engine that alerts may speak of, in one table:
//! name, type and meaning.
//!
//! A measurement that does not apply, such as the lag of an empty queue, is
//! zero where that is true and missing where it is not known.

use crate::condition::Metric;
use crate::model::Type;

/// All measurements.
pub static METRICS: &[Metric] = &[
    metric(
        "outbox.lag",
        Type::Duration,
        "how long the oldest message that should have left is waiting",
        "сколько ждёт самое старое сообщение, которому пора было уйти",
    ),
    metric("outbox.queued", Type::Int, "messages that wait for their turn", "сообщений в очереди"),
    metric(
        "outbox.in_doubt",
        Type::Int,
        "messages that may or may not have arrived",
        "сообщений, о которых неизвестно, дошли ли они",
    ),
    metric(
        "outbox.failed_1h",
        Type::Int,
        "messages that failed for good in the last hour",
        "окончательно не отправленных за последний час",
    ),
    metric(
        "send.rate",
        Type::Float,
        "messages per second in the last minute",
        "сообщений в секунду за последнюю минуту",
    ),
    metric(
        "send.rate_limited_1h",
        Type::Int,
        "times that Telegram told the bot to wait in the last hour",
        "сколько раз за последний час Telegram велел подождать",
    ),
    metric(
        "send.blocked_1h",
        Type::Int,
        "users found to have blocked the bot in the last hour",
        "обнаружено заблокировавших бота за последний час",
    ),
    metric(
        "send.failed_share_1h",
        Type::Float,
        "failed messages among those tried in the last hour, 0 to 1",
        "доля неудачных отправок за последний час, от 0 до 1",
    ),
    metric(
        "send.blocked_share_1h",
        Type::Float,
        "messages to users who blocked the bot among those tried in the last hour, 0 to 1",
        "доля отправок заблокировавшим бота за последний час, от 0 до 1",
    ),
    metric(
        "events.lag",
        Type::Duration,
        "how long the oldest event that is not yet handled is waiting",
        "сколько ждёт самое старое необработанное событие",
    ),
    metric("events.rate", Type::Float, "events per second in the last minute", "событий в секунду за последнюю минуту"),
    metric(
        "rules.failed_1h",
        Type::Int,
        "rules and scripts that failed in the last hour",
        "сбоев правил и скриптов за последний час",
    ),
    metric(
        "rulebook.errors",
        Type::Int,
        "errors in the files that keep the last edit from taking effect",
        "ошибок в файлах, из-за которых последняя правка не действует",
    ),
    metric(
        "experiment.srm_p",
        Type::Float,
        "the smallest p of all running experiments that the variants got the shares they should",
        "наименьшее p среди идущих экспериментов: получили ли варианты положенные доли",
    ),
    metric("store.size", Type::Int, "bytes of the data folder", "размер папки данных в байтах"),
    metric(
        "disk.free",
        Type::Int,
        "free bytes on the disk of the data folder",
        "свободно на диске с папкой данных, в байтах",
    ),
    metric("disk.free_share", Type::Float, "free share of that disk, 0 to 1", "свободная доля этого диска, от 0 до 1"),
    metric("process.memory", Type::Int, "bytes of memory that the engine holds", "память движка в байтах"),
    metric(
        "process.cpu",
        Type::Float,
        "processor cores in use over the last minute",
        "занято ядер процессора за последнюю минуту",
    ),
    metric(
        "telegram.latency",
        Type::Duration,
        "how long Telegram takes to answer, median of the last minute",
        "время ответа Telegram, медиана за последнюю минуту",
    ),
    metric(
        "telegram.unreachable",
        Type::Duration,
        "how long Telegram has not been reached",
        "сколько времени Telegram недоступен",
    ),
    metric(
        "revenue.rub_today",
        Type::Money,
        "paid in roubles since midnight, refunds taken off",
        "оплачено рублями с полуночи за вычетом возвратов",
    ),
    metric(
        "revenue.rub_yesterday",
        Type::Money,
        "paid in roubles up to this time of yesterday",
        "оплачено рублями вчера к этому часу",
    ),
    metric(
        "revenue.rub_week_before",
        Type::Money,
        "paid in roubles up to this time of the same day a week before",
        "оплачено рублями в тот же день неделю назад к этому часу",
    ),
    metric(
        "revenue.stars_today",
        Type::Int,
        "paid in Stars since midnight, refunds taken off",
        "оплачено звёздами с полуночи за вычетом возвратов",
    ),
    metric(
        "revenue.stars_yesterday",
        Type::Int,
        "paid in Stars up to this time of yesterday",
        "оплачено звёздами вчера к этому часу",
    ),
    metric(
        "revenue.stars_week_before",
        Type::Int,
        "paid in Stars up to this time of the same day a week before",
        "оплачено звёздами в тот же день неделю назад к этому часу",
    ),
];

const fn metric(name: &'static str, ty: Type, en: &'static str, ru: &'static str) -> Metric {
    Metric { name, ty, doc: [en, ru] }
}

#[cfg(test)]
mod tests {
    use super::METRICS;
    use std::collections::HashSet;

    #[test]
    fn names_have_one_dot_and_stand_once() {
        let mut seen = HashSet::new();
        for metric in METRICS {
            assert_eq!(metric.name.matches('.').count(), 1, "{}", metric.name);
            assert!(seen.insert(metric.name), "{} stands twice", metric.name);
        }
    }
}
