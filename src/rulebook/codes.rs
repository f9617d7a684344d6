//! Every code that rule files, settings and templates can be answered with.
//!
//! `Y…` is YAML itself, `S…` settings, `R…` the rulebook, `T…` templates. A code never changes
//! its meaning; the sentence beside it is what `vestnik explain` begins with.
//! Codes of conditions live with the condition language.

use crate::diagnostic::codes;

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
    EMPTY_CONDITION = "R030": "The condition is empty.", "Условие пустое.";
    SCRIPT_CONDITION = "R031": "A script cannot be a condition here or in this way.", "Скрипт не может быть условием здесь или в таком виде.";
    SEGMENT_CYCLE = "R032": "Segments ask for each other in a circle.", "Сегменты ссылаются друг на друга по кругу.";
    SEGMENT_CHAIN = "R033": "Segments ask for each other too many levels deep.", "Сегменты ссылаются друг на друга слишком глубоко.";
    TOO_MANY = "R034": "There are more definitions than the engine can hold.", "Определений больше, чем вмещает движок.";
    UNKNOWN_TEMPLATE = "R040": "There is no such template.", "Нет такого шаблона.";
    BAD_DURATION = "R041": "The length of time is not understood.", "Непонятная длительность.";
    BAD_RATE = "R042": "The rate is not understood.", "Непонятная скорость.";
    UNUSED = "R050": "Nothing uses this template.", "Этот шаблон нигде не используется.";
    NOT_RUN_YET = "R059": "The section is checked, and this version does not act on it yet.", "Раздел проверяется, но эта версия его ещё не исполняет.";
    BAD_TRIGGER = "R060": "The trigger, schedule, moment or goal is not understood.", "Непонятное событие запуска, расписание, момент или цель.";
    UNKNOWN_EVENT = "R061": "There is no such event.", "Нет такого события.";
    BAD_CLOCK = "R062": "There is no such time, day or interval.", "Нет такого времени, дня или промежутка.";
    BAD_CRON = "R063": "The cron line is not understood.", "Непонятная строка cron.";
    NEVER_FIRES = "R064": "The schedule never fires.", "Расписание никогда не срабатывает.";
    FIELD_TYPE = "R065": "The field's type does not fit here.", "Тип поля здесь не подходит.";
    UNKNOWN_ACTION = "R070": "There is no such action.", "Нет такого действия.";
    ONE_ACTION = "R071": "One item of a list holds one action.", "В одном пункте списка одно действие.";
    UNKNOWN_TARGET = "R072": "There is no such drip, broadcast, experiment or topic.", "Нет такой цепочки, рассылки, темы или такого эксперимента.";
    FIXED_FIELD = "R073": "Rules cannot change this field.", "Правила не могут менять это поле.";
    BAD_AMOUNT = "R074": "The number is not understood or out of bounds.", "Число непонятно или выходит за границы.";
    HOST = "R075": "Webhooks may not call this address.", "Вебхукам нельзя обращаться по этому адресу.";
    VARIANT_UNCOVERED = "R076": "A variant of the experiment has no message.", "Для варианта эксперимента нет сообщения.";
    NO_FOR = "R077": "A rule on a schedule does not say for whom.", "Правило по расписанию не говорит, для кого оно.";
    OTHER_TRIGGER = "R078": "This needs another kind of trigger.", "Для этого нужен запуск другого вида.";
    BAD_LIMIT = "R079": "The limit is not understood.", "Непонятное ограничение.";
    SET_TWICE = "R087": "Two rules set the same field on the same event.", "Два правила задают одно поле по одному событию.";
    NEEDS_USER = "R088": "A task has no user, and this action needs one.", "У задачи нет пользователя, а действию он нужен.";

    SCRIPT_SYNTAX = "R080": "The script is not understood.", "Скрипт не разобрать.";
    SCRIPT_VARIABLE = "R081": "The script uses a variable that it does not have.", "В скрипте нет такой переменной.";
    SCRIPT_FUNCTION = "R082": "The script calls a function that does not exist.", "Скрипт вызывает функцию, которой нет.";
    SCRIPT_FIELD = "R083": "The script reads a field or property that does not exist.", "Скрипт читает поле или свойство, которого нет.";
    UNKNOWN_SCRIPT = "R084": "There is no such script, or no such function in it.", "Нет такого скрипта или такой функции в нём.";
    SCRIPT_PARAMETER = "R085": "A script's function has a parameter that it is not given.", "У функции скрипта есть параметр, которого ей не дают.";
    SCRIPT_ROW_BY_ROW = "R086": "A script judges users one by one, which takes longer than a condition.", "Скрипт судит пользователей по одному, это дольше условия.";

    DEFINITION_CYCLE = "R100": "Computed fields, segments, `lifecycle` and experiments ask for each other in a circle.", "Вычисляемые поля, сегменты, `lifecycle` и эксперименты ссылаются друг на друга по кругу.";
    DEFINITION_CHAIN = "R101": "A computed field or `lifecycle` follows from others too many levels deep.", "Вычисляемое поле или `lifecycle` следует из других слишком глубоко.";
    SHADOWED = "R102": "Nobody can be in this class of `lifecycle`: an earlier one takes them all.", "В этот класс `lifecycle` никто не попадёт: всех забирает более ранний.";
    PROPERTY_TYPE = "R103": "A property of an event cannot be of this type.", "Свойство события не может быть такого типа.";
    BUILTIN_PROPERTY = "R104": "The type of a built-in event's property cannot be changed.", "Тип свойства встроенного события изменить нельзя.";
    TAKEN_PROPERTY = "R105": "Every event has a property of this name already.", "Свойство с таким именем уже есть у каждого события.";
    BAD_VARIANTS = "R110": "An experiment has two variants or more, with names that are free.", "У эксперимента два варианта или больше, с незанятыми именами.";
    BAD_MEASURE = "R111": "This experiment cannot compare what it is told to.", "Этот эксперимент не может сравнивать то, что ему задано.";
    NO_GOAL = "R112": "This experiment has no goal.", "У этого эксперимента нет цели.";
    GROUP_FULL = "R113": "The experiments of one group cover more than all users.", "Эксперименты одной группы охватывают больше, чем всех пользователей.";
    AUTO_SHIP = "R114": "This experiment cannot put its winner into effect by itself.", "Этот эксперимент не может сам ввести победителя в действие.";
    UNUSED_EXPERIMENT = "R115": "Nothing shows this experiment.", "Этот эксперимент нигде не показан.";
    BAD_CAP = "R116": "The cap on messages is not understood.", "Непонятное ограничение числа сообщений.";
    NO_USER = "R117": "An alert asks about a user, though it is about the engine.", "Оповещение спрашивает о пользователе, хотя оно о самом движке.";
    UNUSED_SEGMENT = "R118": "Nothing uses this segment.", "Этот сегмент нигде не используется.";
    SHORT_MEMORY = "R119": "Events are forgotten before they leave the windows that count them.", "События забываются раньше, чем выходят из окон, которые их считают.";
    ASKED_IN_AUDIENCE = "R120": "Who gets a broadcast depends on a variant, so the other variants are not counted.", "Получатели рассылки зависят от варианта, и остальные варианты не посчитаны.";
    BAD_STEP = "R130": "A step of a drip is not understood.", "Непонятный шаг цепочки.";
    UNREACHABLE = "R131": "Nobody ever comes to this step.", "До этого шага никто не дойдёт.";
    BAD_AGAIN = "R132": "It is not understood whether users may enter the drip again.", "Непонятно, можно ли войти в цепочку ещё раз.";
    TEST_STEP = "R140": "A step of a test is not understood.", "Непонятный шаг теста.";
    TEST_VALUE = "R141": "A test gives or expects a value that cannot be.", "Тест задаёт или ждёт значение, которого быть не может.";
    TEST_FAILED = "R142": "A test of the rules failed.", "Тест правил не прошёл.";
    PRODUCT = "R150": "A product cannot be sold like this.", "Так товар не продать.";

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
    SEGMENT_ARGUMENT = "T018": "`segment` and `variant` take a name in quotes.", "`segment` и `variant` принимают имя в кавычках.";
    MEDIA = "T019": "The photo, video or document is not understood.", "Непонятное фото, видео или документ.";
    MEDIA_FILE = "T020": "A file of the project cannot be sent.", "Файл проекта нельзя отправить.";
    ALBUM = "T021": "A message carries one file, or an album of 2 to 10.", "В сообщении один файл или альбом от 2 до 10.";
    TWO_MESSAGES = "T022": "The text goes as a message of its own after the media.", "Текст уйдёт отдельным сообщением после медиа.";
    RESERVED_PRESS = "T023": "The bot does not know what this button asks for.", "Бот не знает, о чём просит эта кнопка.";
    VARS_ABSENT = "T024": "A template reads a value of `vars` that it is not given.", "Шаблон читает значение из `vars`, которого ему не дают.";
    NO_VARIANT = "T025": "The experiment has no such variant.", "В эксперименте нет такого варианта.";
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
            assert!(seen.insert(code.0), "{} stands twice", code.0);
            assert!(en.ends_with('.') && ru.ends_with('.'), "{}", code.0);
        }
    }
}
