"""One word for one thing: what the product's words are called in the other languages, and what must
not stand for them.
"""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import pytest

from agent.i18n import Language
from agent.i18n.catalogue import DOMAIN
from agent.i18n.po import entries

OTHERS = [language for language in Language if language is not Language.EN]
COMMAND = re.compile(r"`[^`]*`|\{[^{}]*\}")


class Term(NamedTuple):
    """A word of the product in one language.

    `word`: how to find it in English. `term`: what it is called. `barred`: what must not stand for it.
    `unless`: how to find the English sentences in which the barred words mean something else.
    """

    word: str
    term: str
    barred: str = ""
    unless: str = ""


TERMS = {
    Language.ZH: [
        Term(r"gates?\b(?!\.|-)", "检查点", "卡口|控制机|网关", "gateway"),
        Term(r"sites?\b(?!\.)", "站点", "口岸|场站|现场"),
        Term("lanes?", "车道"),
        Term(r"permits?\b(?!\.)", "通行证", "凭证|许可"),
        Term("declarations?", "报关单", "申报(?:单|数据|记录|内容|已放|尚未放)|声明", "table|array|claim"),
        Term("readings?", "读取|读到", "识读|车牌识别|识别[^，。]*车牌"),
        Term("readers?", "读取", "读码器"),
        Term("transaction", "事务", "交易|通行编号"),
        Term("decision", "判定", "裁决|裁定"),
        Term("grant", "授权", "授予|放行许可"),
        Term("outcomes?", "结果", "结局"),
        Term("events?", "事件"),
        Term(r"journal\b(?!\.)", "事件日志", "(?<!事件)(?<!运行)(?<!系统)日志", "for the lists"),
        Term("the log|its log|own log", "运行日志"),
        Term(r"brokers?\b(?!\.)", "消息服务器", "代理|(?<!消息)(?<!时间)服务器", "[Ss]erver"),
        Term(r"lists?\b(?!\.)", "名单", "清单|列表", r"\ba list\b"),
        Term("trust list", "信任名单"),
        Term("trust anchors?", "信任锚"),
        Term("fleet documents?", "机群文件"),
        Term("watch list", "关注名单", "布控|黑名单"),
        Term("revoked", "吊销", "撤销", "Undo"),
        Term("barrier", "道闸|[开关]闸", "闸机|闸门|栏杆"),
        Term("arm", "闸杆|[开关][闸到]", "(?<!闸)(?<!牵引)杆"),
        Term("loops?", "地感", "线圈", "coils"),
        Term("relays?", "继电器"),
        Term("inputs?", "输入"),
        Term("scanners?", "扫码器", "扫描|扫码枪"),
        Term("cameras?", "摄像机", "相机|摄像头"),
        Term("plates?", "车牌", "号牌|牌照"),
        Term("VINs?", "车架号|车辆识别代号"),
        Term("(?<!one-time )(?<!exit )codes?", "码", "条码"),
        Term("passages?", "通行|通过|通道"),
        Term(r"(?:public|root|private|gate's|issuer's) key", "密钥|[公私]钥"),
        Term("zone of|the zone|a zone", "区域"),
        Term("central", "中心", "中央|总部"),
        Term("issuer", "签发方", "颁发|签发密钥"),
        Term("officer", "工作人员", "值班|操作员"),
        Term("commands? from central", "中心.*命令", "指令", r"\border"),
        Term("alarms?", "警报", "告警|报警", "fire alarm"),
        Term("notices?", "通知"),
        Term("code was shown", "出示"),
        Term("acknowledged event", "最后确认的事件"),
        Term("trust state", "状态完整性"),
        Term("witness", "见证方"),
        Term("head file", "链头文件"),
        Term("vision workers?", "摄像机进程"),
        Term("second readings?", "二次读取"),
        Term("dry run", "试运行"),
        Term("has no sign|driver's sign", "显示屏"),
    ],
    Language.RU: [
        Term("configurations?", "конфигураци", "настройк", "Set-up|[Ss]etting"),
        Term(r"gates?\b(?!\.|-)", r"\bпост", r"\bворот|шлюз", "gateway"),
        Term(r"sites?\b(?!\.)", "пункт", r"площадк|\bобъект(?!ив)", r"yard|\bobject"),
        Term("lanes?", "полос"),
        Term(r"permits?\b(?!\.)", "пропуск", "разрешени", "grant|resolution|size|smaller"),
        Term("gap", "разрыв", r"\bпропуск(?:[ауе]|ом|ов|ам|ами|ах)?\b", "permit|papers to practise"),
        Term("declarations?", "декларац", "заявлени"),
        Term("readings?", "чтени|читан", "прочтени|распознавани"),
        Term("readers?", "считывател", "читател[ья]"),
        Term("transaction", "операци", "транзакц"),
        Term("decision", "решени", "вердикт"),
        Term("grant", "разреш"),
        Term("passages?", "проезд", "прохождени"),
        Term("outcomes?", "исход"),
        Term("events?", "событи"),
        Term(r"journal\b(?!\.)", "журнал", r"\bлог(?:[аеиу]|ом|ов)?\b|протокол", "protocol"),
        Term("the log|gate's log", "журнал[а-я]* программы", "журнал[а-я]* службы"),
        Term(r"brokers?\b(?!\.)", "брокер", r"\bсервер(?!\w* времени)", "[Ss]erver"),
        Term(r"lists?\b(?!\.)", "спис", "перечн"),
        Term("watch list", "спис(?:ок|к[а-я]+) наблюдения", "спис(?:ок|к[а-я]+) контроля"),
        Term("barrier", "шлагбаум", "барьер|заграждени"),
        Term("arm", "стрел"),
        Term("loops?", "петл", "контур"),
        Term("relays?", "реле"),
        Term("inputs?", "вход"),
        Term("scanners?", "сканер"),
        Term("cameras?", "камер"),
        Term("plates?", "номер"),
        Term("VINs?", "VIN"),
        Term("(?<!one-time )(?<!exit )codes?", "код", "штрих"),
        Term("keys?", "ключ"),
        Term("zone of|the zone|a zone", "зон"),
        Term("central", "центр"),
        Term("issuer", "эмитент", "издател"),
        Term("officer", "сотрудник", "инспектор|дежурн|оператор"),
        Term("revoked", "отозван", "аннулир"),
        Term("alarms?", "тревог|сигнализаци"),
        Term("notices?", "уведомлени"),
        Term("code was shown", "предъявл"),
        Term("acknowledged event", "подтверждённое"),
        Term("trust state", "целостност[ьи] состояния"),
        Term("witness", "свидетел"),
        Term("head file", "файл[а-я]* вершины"),
        Term("vision workers?", "процесс камеры"),
        Term("second readings?", "повторно[а-я]+ чтени"),
        Term("dry run", "пробн[а-я]+ режим"),
        Term("has no sign|driver's sign", "табло"),
        Term("trust list", "спис(?:ок|к[а-я]+) доверия"),
        Term("trust anchors?", "якор[а-я]+ доверия"),
        Term("fleet documents?", "документ[а-я]* парка"),
    ],
    Language.KK: [
        Term("configurations?", "конфигураци", "баптау", "Set-up|[Ss]etting|DNS"),
        Term(r"gates?\b(?!\.|-)", "бекет", "қақпа|шлюз", "gateway"),
        Term(r"sites?\b(?!\.)", "пункт", r"\bалаң", "yard"),
        Term("lanes?", "жолақ|жолағ"),
        Term(r"permits?\b(?!\.)", "рұқсаттама", "рұқсат(?!тама)", r"^(?!.*\bpermits?\b)|grant"),
        Term("declarations?", "декларация"),
        Term("readings?", "оқу|оқы"),
        Term("readers?", "оқығыш", "оқу құрал|оқырман"),
        Term("transaction", "операция", "транзакция"),
        Term("decision", "шешім"),
        Term("grant", "рұқсат(?!тама)"),
        Term("outcomes?", "нәтиже"),
        Term("events?", "оқиға"),
        Term(r"journal\b(?!\.)", "журнал", r"хаттама|\bлог(?!и)", "protocol"),
        Term("the log|gate's log", "бағдарлама журнал", "қызмет журнал"),
        Term(
            r"brokers?\b(?!\.)",
            "хабар сервер",
            "брокер|(?<!хабар )(?<!уақыт )сервер",
            "[Ss]erver",
        ),
        Term(r"lists?\b(?!\.)", "тізім"),
        Term("barrier", "шлагбаум", "тосқауыл|барьер"),
        Term("arm", "жебе"),
        Term("loops?", "ілме[кг]", "тұзақ|петля|контур"),
        Term("contacts?", "түйіспе", "контакт"),
        Term("boards?", "тақта", "плата"),
        Term("relays?", "реле"),
        Term("inputs?", "кіріс"),
        Term("scanners?", "сканер"),
        Term("cameras?", "камера"),
        Term("plates?", "нөмір"),
        Term("VINs?", "VIN"),
        Term("(?<!one-time )(?<!exit )codes?", "код", "штрих"),
        Term("passages?", "өту|өткел|өткен"),
        Term("keys?", "кілт"),
        Term("zone of|the zone|a zone", "аймақ|аймағ"),
        Term("central", "орталық|орталығ"),
        Term("issuer", "беруші", "эмитент|издатель"),
        Term("officer", "қызметкер", "инспектор|кезекші|оператор"),
        Term("root key", "түбір кілт", "түбірлік"),
        Term("commands? from central", "орталық команда", "бұйры[қғ]", r"\border|told to"),
        Term("alarms?", "дабыл"),
        Term("notices?", "хабарландыру"),
        Term("code was shown", "көрсет"),
        Term("acknowledged event", "расталған оқиға"),
        Term("trust state", "күй тұтастығы"),
        Term("witness", "куәгер"),
        Term("head file", "тізбек басы файл"),
        Term("vision workers?", "камера процесі"),
        Term("second readings?", "қайта оқ"),
        Term("dry run", "сынақ режим"),
        Term("has no sign|driver's sign", "табло"),
        Term("trust list", "сенім тізім"),
        Term("trust anchors?", "сенім якор"),
        Term("fleet documents?", "парк құжат"),
        Term("watch list", "бақылау тізім"),
    ],
}


@cache
def sentences(language):
    """All that people read, as English and the language have it."""
    with (files(DOMAIN) / f"{language}.po").open(encoding="utf-8") as lines:
        _, *found = entries(lines)
    return [(one.message, form) for one in found for form in one.forms]


def barred(language, english, told):
    """The words of a sentence that stand there for a word of the product, and must not."""
    return [
        found.group()
        for term in TERMS[language]
        if term.barred and not (term.unless and re.search(term.unless, english, re.IGNORECASE))
        for found in re.finditer(term.barred, told, re.IGNORECASE)
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_no_other_word_stands_for_a_word_of_the_product(language):
    wrong = [
        (found, english, told) for english, told in sentences(language) for found in barred(language, english, told)
    ]
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_nearly_every_sentence_with_a_word_of_the_product_has_its_term(language):
    """A pronoun may stand for it, or nothing: four of five have it. A translation with yet another word fails here."""
    pairs = [(COMMAND.sub("", english), told) for english, told in sentences(language)]
    rare = []
    for term in TERMS[language]:
        meant = [told for english, told in pairs if re.search(rf"\b(?:{term.word})\b", english, re.IGNORECASE)]
        without = [told for told in meant if not re.search(term.term, told, re.IGNORECASE)]
        rare += [(term.term, without)] if len(without) > len(meant) / 5 or not meant else []
    assert rare == []


@pytest.mark.parametrize(
    ("language", "english", "told", "found"),
    [
        (Language.ZH, "The permit was revoked.", "凭证已被撤销。", ["凭证", "撤销"]),
        (Language.ZH, "It fits", "许可格式被接受", ["许可"]),
        (Language.ZH, "The broker is slow.", "服务器响应慢。", ["服务器"]),
        (Language.ZH, "No time server has set the clock.", "时钟未经时间服务器校准。", []),
        (Language.RU, "The permit is not used yet", "Разрешение не использовано", ["Разрешени"]),
        (Language.RU, "Take a larger resolution.", "Увеличьте разрешение.", []),
        (Language.RU, "5 to 7 are missing: a gap", "нет событий от 5 до 7: пропуск", ["пропуск"]),
        (Language.RU, "Lanes of this gate", "Полосы этих ворот", ["ворот"]),
        (Language.KK, "The code is a permit", "Код — рұқсат", ["рұқсат"]),
        (Language.KK, "no permission to read it", "оқуға рұқсат жоқ", []),
        (Language.KK, "No broker is configured.", "Брокерлер бапталмаған.", ["Брокер"]),
        (Language.KK, "Cameras of this gate", "Осы қақпаның камералары", ["қақпа"]),
    ],
)
def test_a_barred_word_is_found_and_told_from_its_other_meaning(language, english, told, found):
    assert barred(language, english, told) == found
