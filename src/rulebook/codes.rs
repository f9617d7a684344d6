//! Every code that rule files, settings and templates can be answered with.
//!
//! `Y…` is YAML itself, `S…` settings, `R…` the rulebook, `T…` templates. A code never changes
//! its meaning; the sentence beside it is what `vestnik explain` begins with.
//! Codes of conditions live with the condition language.

use crate::diagnostic::Code;

macro_rules! codes {
    ($($name:ident = $code:literal: $en:literal, $ru:literal;)*) => {
        $(#[doc = $en] pub const $name: Code = Code($code);)*

        /// Every code of this module with its meaning in English and Russian.
        pub const ALL: &[(Code, &str, &str)] = &[$(($name, $en, $ru),)*];
    };
}

codes! {
    YAML_SYNTAX = "Y001": "The file is not valid YAML.", "Файл не является правильным YAML.";
    DUPLICATE_KEY = "Y002": "The same key stands twice in one mapping.", "Ключ дважды встречается в одном словаре.";
    ANCHOR = "Y003": "Anchors (`&name`) are not used in rule files.", "Якоря (`&name`) в файлах правил не используются.";
    ALIAS = "Y004": "Text that begins with `*` is a YAML alias; quote it.", "Текст, начинающийся с `*`, — ссылка YAML; возьмите его в кавычки.";
    TAG = "Y005": "Text that begins with `!` is a YAML tag and would lose its first word; quote it.", "Текст, начинающийся с `!`, — тег YAML и потерял бы первое слово; возьмите его в кавычки.";
    MERGE_KEY = "Y006": "Merge keys (`<<`) are not used in rule files.", "Слияние (`<<`) в файлах правил не используется.";
    SECOND_DOCUMENT = "Y007": "A file holds one YAML document.", "В файле один документ YAML.";
    TOO_DEEP = "Y008": "The file is nested too deeply.", "Слишком глубокая вложенность.";
    TOO_BIG = "Y009": "The file is too big.", "Файл слишком велик.";
    BRACE_TEMPLATE = "Y010": "Text that begins with `{{` must be quoted.", "Текст, начинающийся с `{{`, нужно взять в кавычки.";
    COLON_INSIDE = "Y011": "Text with `: ` inside must be quoted.", "Текст с `: ` внутри нужно взять в кавычки.";
    RESERVED_CHARACTER = "Y012": "Text cannot begin with this character unless it is quoted.", "С этого знака текст может начинаться только в кавычках.";
    TAB = "Y013": "YAML is indented with spaces, not with tabs.", "Отступы в YAML делают пробелами, не табуляцией.";
    COMPLEX_KEY = "Y014": "A key must be plain text.", "Ключ должен быть простым текстом.";
    CUT_BY_COMMENT = "Y015": "Text is cut at ` #`, where a comment begins.", "Текст обрезан на ` #`: там начинается комментарий.";
    SPLIT_AT_COMMA = "Y016": "A comma inside `{…}` splits the text; quote it.", "Запятая внутри `{…}` разрывает текст; возьмите его в кавычки.";
    BRACKET_IN_BRACES = "Y017": "`[` or `{` cannot stand inside unquoted text within `{…}`.", "Внутри `{…}` в тексте без кавычек не может быть `[` или `{`.";
    STARTS_WITH_QUOTE = "Y018": "Text that begins with a quote ends at the next one.", "Текст, начинающийся с кавычки, кончается на следующей кавычке.";
    UNCLOSED_QUOTE = "Y019": "A quoted text is not closed.", "Кавычка не закрыта.";
    UNCLOSED_BRACKET = "Y020": "A bracket is not closed.", "Скобка не закрыта.";
    INDENTATION = "Y021": "A line is indented differently from its neighbours.", "Отступ строки не совпадает с соседними.";
    NOT_UTF8 = "Y022": "The file is not UTF-8 text.", "Файл не в кодировке UTF-8.";
    BAD_ESCAPE = "Y023": "A double-quoted text has a backslash that YAML does not know.", "В тексте в двойных кавычках есть непонятный YAML обратный слеш.";
    LOST_COMMENT = "Y024": "A comment in a condition whose line breaks YAML takes away would swallow the rest of it.", "Комментарий в условии, у которого YAML убирает переводы строк, поглотил бы остаток условия.";

    NO_SETTINGS = "S001": "The project has no vestnik.yaml.", "В проекте нет vestnik.yaml.";
    BAD_LANGUAGE = "S002": "The language must be `en` or `ru`.", "Язык должен быть `en` или `ru`.";
    BAD_ZONE = "S003": "The time zone is unknown.", "Неизвестный часовой пояс.";
    BAD_SETTING = "S004": "The setting has a value it cannot take.", "Недопустимое значение настройки.";
    BAD_ADMIN = "S005": "An admin is a numeric Telegram id with a role.", "Администратор — числовой id Telegram и роль.";

    UNKNOWN_KEY = "R001": "The key is unknown here.", "Здесь нет такого ключа.";
    WRONG_SHAPE = "R002": "A value of another shape is expected here.", "Здесь ожидается значение другого вида.";
    MISSING_KEY = "R003": "A required key is absent.", "Нет обязательного ключа.";
    UNKNOWN_SECTION = "R004": "The section is unknown.", "Нет такого раздела.";
    LATER_SECTION = "R005": "The section is not available in this version yet.", "Этого раздела в этой версии ещё нет.";
    NO_RULES = "R006": "The rules folder is absent or holds no rule file.", "Папки rules нет, или в ней нет файлов правил.";
    SYMLINK_OUT = "R007": "A link leads out of the project.", "Ссылка ведёт за пределы проекта.";
    NO_FILE = "R008": "What stands here cannot be read as a file.", "То, что здесь лежит, нельзя прочитать как файл.";
    BAD_NAME = "R010": "The name has characters that names cannot have.", "В имени есть недопустимые знаки.";
    RESERVED_NAME = "R011": "The name is a reserved word.", "Имя занято языком условий.";
    DEFINED_TWICE = "R012": "The same name is defined twice.", "Имя определено дважды.";
    BAD_TYPE = "R020": "The field's type is unknown.", "Неизвестный тип поля.";
    BAD_DEFAULT = "R021": "The default is not a value of the field's type.", "Значение по умолчанию не подходит к типу поля.";
    BAD_VALUES = "R022": "The list of an enum's values is wrong.", "Неверный список значений перечисления.";
    BUILTIN_FIELD = "R023": "A built-in field's type cannot be changed.", "Тип встроенного поля изменить нельзя.";
    COMPUTED_FIELD = "R024": "Computed fields are not available in this version yet.", "Вычисляемых полей в этой версии ещё нет.";
    EMPTY_CONDITION = "R030": "The condition is empty.", "Условие пустое.";
    SCRIPT_CONDITION = "R031": "A script as a condition is named by its function.", "Условие-скрипт называют по его функции.";
    SEGMENT_CYCLE = "R032": "Segments ask for each other in a circle.", "Сегменты ссылаются друг на друга по кругу.";
    SEGMENT_CHAIN = "R033": "Segments ask for each other too many levels deep.", "Сегменты ссылаются друг на друга слишком глубоко.";
    TOO_MANY = "R034": "There are more definitions than the engine can hold.", "Определений больше, чем вмещает движок.";
    UNKNOWN_TEMPLATE = "R040": "There is no such template.", "Нет такого шаблона.";
    BAD_DURATION = "R041": "The length of time is not understood.", "Непонятная длительность.";
    BAD_RATE = "R042": "The rate is not understood.", "Непонятная скорость.";
    LATER_KEY = "R043": "The key is not available in this version yet.", "Этого ключа в этой версии ещё нет.";
    UNUSED = "R050": "Nothing uses this template.", "Этот шаблон нигде не используется.";

    SCRIPT_SYNTAX = "R080": "The script is not understood.", "Скрипт не разобрать.";
    SCRIPT_VARIABLE = "R081": "The script uses a variable that it does not have.", "В скрипте нет такой переменной.";
    SCRIPT_FUNCTION = "R082": "The script calls a function that does not exist.", "Скрипт вызывает функцию, которой нет.";
    SCRIPT_FIELD = "R083": "The script reads a field that users do not have.", "Скрипт читает поле, которого у пользователя нет.";
    UNKNOWN_SCRIPT = "R084": "There is no such script, or no such function in it.", "Нет такого скрипта или такой функции в нём.";
    SCRIPT_PARAMETER = "R085": "A script's function has a parameter that it is not given.", "У функции скрипта есть параметр, которого ей не дают.";
    SCRIPT_ROW_BY_ROW = "R086": "A script judges users one by one, which takes longer than a condition.", "Скрипт судит пользователей по одному, это дольше условия.";

    TEMPLATE_NAME = "T001": "The template's file name is not understood.", "Непонятное имя файла шаблона.";
    TEMPLATE_TWICE = "T002": "Two files hold the same template in the same language.", "Два файла содержат один шаблон на одном языке.";
    FRONT_MATTER = "T003": "The front matter is not closed.", "Заголовок шаблона не закрыт.";
    TEMPLATE_SYNTAX = "T004": "The template's language is not understood.", "Ошибка в языке шаблона.";
    UNKNOWN_VARIABLE = "T005": "The variable or field is unknown.", "Неизвестная переменная или поле.";
    UNKNOWN_FILTER = "T006": "The filter, test or function is unknown.", "Неизвестный фильтр, проверка или функция.";
    MISSING_PRINTED = "T007": "A field that may be missing is printed without a default.", "Поле, которое может отсутствовать, выводится без замены.";
    RENDER_FAILED = "T008": "The template cannot be rendered.", "Шаблон не удаётся собрать.";
    UNKNOWN_TAG = "T009": "Telegram does not accept this markup.", "Telegram не принимает такую разметку.";
    UNCLOSED_MARKUP = "T010": "Markup is not closed or closed out of order.", "Разметка не закрыта или закрыта не в том порядке.";
    TOO_LONG = "T011": "The text may be longer than Telegram takes.", "Текст может быть длиннее, чем принимает Telegram.";
    EMPTY_TEXT = "T012": "The text may come out empty.", "Текст может оказаться пустым.";
    PRESS_LENGTH = "T013": "A button's data must have 1 to 64 bytes.", "Данные кнопки должны занимать от 1 до 64 байт.";
    BAD_URL = "T014": "The address must begin with http://, https://, tg:// or mailto:.", "Адрес должен начинаться с http://, https://, tg:// или mailto:.";
    BAD_BUTTON = "T015": "A button has a text and either an address or data.", "У кнопки есть текст и либо адрес, либо данные.";
    LANGUAGE_MISSING = "T016": "A language that other templates have is absent.", "Нет перевода, который есть у других шаблонов.";
    LANGUAGES_DIFFER = "T017": "Translations of one template differ in a setting.", "У переводов одного шаблона различаются настройки.";
    SEGMENT_ARGUMENT = "T018": "`segment` takes the name of a segment in quotes.", "`segment` принимает имя сегмента в кавычках.";
    PHOTO = "T019": "The photo is not understood.", "Непонятное фото.";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_explained_in_both_languages() {
        let mut seen = HashSet::new();
        for (code, en, ru) in ALL {
            assert!(seen.insert(code.0), "{} stands twice", code.0);
            assert!(en.ends_with('.') && ru.ends_with('.'), "{}", code.0);
        }
    }
}
