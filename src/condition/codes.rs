//! Every code that a condition can be answered with. A code never changes its
//! meaning and is never used again once retired; the sentence beside it is
//! what `vestnik explain` begins with.

use crate::diagnostic::codes;

codes! {
    TOO_LONG = "C001": "The condition is longer or has more parts than allowed.", "Условие длиннее допустимого, или в нём слишком много частей.";
    TOO_DEEP = "C002": "Brackets and prefix operators are nested too deeply.", "Слишком глубокая вложенность скобок и отрицаний.";
    OPEN_STRING = "C003": "A string has no closing quote.", "У строки нет закрывающей кавычки.";
    BAD_ESCAPE = "C004": "A backslash in a string is followed by something it cannot escape.", "После обратного слеша в строке стоит то, что он не заменяет.";
    BRACKET = "C005": "A bracket has no partner.", "У скобки нет пары.";
    SYNTAX = "C006": "Something stands where it cannot.", "Здесь этого быть не может.";
    BAD_NUMBER = "C007": "A number is not written as one, or is too large.", "Число записано неверно или слишком велико.";
    BAD_DURATION = "C008": "A length of time is not written as one, or is too large.", "Длительность записана неверно или слишком велика.";
    BAD_TIME = "C009": "There is no such date or time of day.", "Такой даты или такого времени нет.";
    UNKNOWN_FIELD = "C010": "The profile has no such field.", "Такого поля в профиле нет.";
    UNKNOWN_SEGMENT = "C011": "There is no such segment.", "Такого сегмента нет.";
    UNKNOWN_FUNCTION = "C012": "There is no such function.", "Такой функции нет.";
    // C013 is retired: a function that a version of the program did not have yet.
    ARGUMENTS = "C014": "A function is called with the wrong number or kind of arguments.", "У функции не то число или не тот вид аргументов.";
    UNKNOWN_EVENT = "C015": "There is no such event.", "Такого события нет.";
    UNKNOWN_PROPERTY = "C016": "The event has no such property.", "У события нет такого свойства.";
    UNKNOWN_TEMPLATE = "C017": "There is no such template.", "Такого шаблона нет.";
    UNKNOWN_DRIP = "C018": "There is no such drip.", "Такой цепочки нет.";
    UNKNOWN_EXPERIMENT = "C019": "There is no such experiment.", "Такого эксперимента нет.";
    TYPES = "C020": "Two types do not go together, or an operator does not take this type.", "Типы не сочетаются, или оператор не принимает такой тип.";
    NOT_BOOL = "C021": "A condition must be true or false, and this is something else.", "Условие должно быть истинным или ложным, а это что-то другое.";
    NOT_IN_ENUM = "C022": "The value is outside the closed set of an enum field.", "Такого значения у этого поля не бывает.";
    NULL_VALUE = "C023": "`null` or `missing` is used as if it were a value.", "`null` или `missing` стоит там, где нужно значение.";
    LIST = "C024": "A list is empty, or stands where a list cannot.", "Список пуст или стоит там, где его быть не может.";
    REGEX = "C025": "A regular expression does not compile or is too large.", "Регулярное выражение не читается или слишком велико.";
    QUOTED_TIME = "C026": "A time in quotes is text.", "Момент времени в кавычках — это текст.";
    MISSING_SURPRISE = "C030": "People whose field was never set are left out, which is seldom meant.", "Люди, у которых поле не задано, сюда не попадут, а это редко задумано.";
    NEVER_MISSING = "C031": "A field that is never missing is tested for it.", "Проверяется, задано ли поле, которое задано всегда.";
    DATE_IS_MIDNIGHT = "C032": "A date where a moment is compared is that day's midnight.", "Дата при сравнении моментов — это полночь этого дня.";
    NEVER_TRUE = "C033": "The test can be true for nobody.", "Эта проверка не может выполниться ни для кого.";
    ALWAYS_TRUE = "C034": "The test is true for everybody.", "Эта проверка выполняется для всех.";
    CONTRADICTION = "C035": "Two tests joined by `and` cannot both be true.", "Две проверки, соединённые `and`, не могут выполниться вместе.";
    EMPTY_RANGE = "C036": "Nothing lies between the two ends.", "Между этими границами ничего нет.";
    WHOLE_ENUM = "C037": "The list holds every value that there is.", "В списке все значения, какие бывают.";
    REPEATED = "C038": "The same test stands twice.", "Одна и та же проверка стоит дважды.";
    WINDOW = "C040": "A window of time is not a positive length of time written out.", "Окно времени — не положительная длительность, записанная прямо.";
    NO_EVENT = "C041": "`event.` stands where no event is judged.", "`event.` стоит там, где нет события.";
    UNKNOWN_METRIC = "C042": "There is no such measurement.", "Такого показателя нет.";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_explained_in_both_languages() {
        let mut seen = HashSet::new();
        for row in ALL {
            let (code, en, ru) = (row.code, row.en, row.ru);
            assert!(code.0.starts_with('C') && seen.insert(code.0), "{} stands twice", code.0);
            assert!(en.ends_with('.') && ru.ends_with('.'), "{}", code.0);
        }
    }
}
