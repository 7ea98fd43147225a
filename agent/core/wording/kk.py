"""Kazakh, in Cyrillic letters."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

from agent.core.decision import Reason, Verdict
from agent.core.events import Alarm, Outcome
from agent.core.lane_state import State
from agent.core.wording.words import Advice, Phrase, Words

WORDS = Words(
    officer={
        Reason.OK: Advice("Барлық тексерістен өтті.", "Ештеңе істеудің қажеті жоқ."),
        Reason.QR_NONE: Advice("Код көрсетілмеді.", "Жүргізушіден рұқсаттаманың кодын сұраңыз."),
        Reason.QR_MULTIPLE: Advice("Бірнеше рұқсаттаманың коды көрсетілді.", "Тек осы көліктің кодын көрсетсін."),
        Reason.QR_UNSTABLE: Advice("Код анық көрінбеді.", "Қайта көрсетіп, қозғалтпай ұстасын."),
        Reason.PAYLOAD_TOO_LARGE: Advice("Код рұқсаттама үшін тым ұзын.", "Рұқсаттаманың кодын сұраңыз."),
        Reason.NOT_A_PERMIT: Advice("Бұл код рұқсаттама емес.", "Рұқсаттаманың кодын сұраңыз."),
        Reason.VERSION_UNSUPPORTED: Advice(
            "Мұндай түрдегі рұқсаттама мұнда қабылданбайды.", "Орталық арқылы тексеріңіз; жаңарту қажет болуы мүмкін."
        ),
        Reason.ENCODING_INVALID: Advice("Код бүлінген.", "Түпнұсқа кодты сұраңыз."),
        Reason.STRUCTURE_INVALID: Advice("Кодтың құрылымы рұқсаттамаға сай емес.", "Жалған болуы мүмкін."),
        Reason.ALG_NOT_ALLOWED: Advice("Рұқсаттама кілтіне сай емес тәсілмен қол қойылған.", "Жалған болуы мүмкін."),
        Reason.KEY_UNKNOWN: Advice(
            "Рұқсаттамаға қол қойған кілт белгісіз.", "Жалған болуы мүмкін; сенім тізімі жаңа екенін тексеріңіз."
        ),
        Reason.KEY_EXPIRED: Advice("Беруші кілтінің мерзімі қазір жарамсыз.", "Жаңа рұқсаттама қажет."),
        Reason.KEY_REVOKED: Advice("Берушінің кілті өшірілген.", "Көлікті ұстап, орталықтан сұраңыз."),
        Reason.SIGNATURE_INVALID: Advice("Рұқсаттама өзгертілген немесе жалған.", "Көлікті ұстап, хабарлаңыз."),
        Reason.CLAIMS_INVALID: Advice(
            "Қолы дұрыс, бірақ рұқсаттаманың деректері жарамсыз.", "Берушіге хабарлаңыз; жаңа рұқсаттама қажет."
        ),
        Reason.CLOCK_UNTRUSTED: Advice(
            "Бекет нақты уақытты анық білмейді.", "Рұқсаттаманы қолмен тексеріп, техникті шақырыңыз."
        ),
        Reason.NOT_YET_VALID: Advice("Рұқсаттаманың мерзімі әлі басталмады.", "Көлік кейінірек келсін."),
        Reason.EXPIRED: Advice("Рұқсаттаманың мерзімі өтті.", "Жаңа рұқсаттама қажет."),
        Reason.WRONG_SITE: Advice("Рұқсаттама басқа өткізу пунктіне берілген.", "Көлікті сонда жіберіңіз."),
        Reason.WRONG_LANE: Advice("Рұқсаттама басқа жолаққа берілген.", "Көлікті сонда жіберіңіз."),
        Reason.WRONG_DIRECTION: Advice("Рұқсаттама басқа бағытқа берілген.", "Көлікті сол жаққа жіберіңіз."),
        Reason.PERMIT_REVOKED: Advice("Рұқсаттама кері қайтарып алынған.", "Көлікті ұстап, орталықтан сұраңыз."),
        Reason.DECLARATION_UNKNOWN: Advice(
            "Бекетте бұл көліктің декларациясы жоқ.", "Орталықтан сұраңыз; дерек әлі келмеген болуы мүмкін."
        ),
        Reason.DECLARATION_NOT_RELEASED: Advice(
            "Декларация шығарылмаған: жаңа, тоқтатылған немесе жойылған.", "Күйін орталықтан біліңіз."
        ),
        Reason.DECLARATION_MISMATCH: Advice(
            "Рұқсаттама мен декларация сәйкес емес.",
            "VIN, көлік пен декларация нөмірін салыстырып, орталықтан сұраңыз.",
        ),
        Reason.DATA_TOO_OLD: Advice(
            "Орталықтан тым ұзақ дерек келмеді.", "Орталықпен басқа жолмен тексеріңіз; техникті шақырыңыз."
        ),
        Reason.PLATE_UNREADABLE: Advice(
            "Нөмір оқылмады немесе мәлімделмеген.", "Нөмірді не VIN-ді көзбен салыстырыңыз."
        ),
        Reason.PLATE_UNSURE: Advice("Нөмір анық оқылмады.", "Оны көзбен салыстырыңыз."),
        Reason.PLATE_MISMATCH: Advice("Нөмір мәлімделгенге сай емес.", "Көлікті ұстап, нөмір мен VIN-ді салыстырыңыз."),
        Reason.PLATE_OTHER_PERMIT: Advice(
            "Нөмір басқа мәлімделген көлікке көбірек ұқсайды.", "Бұл көлікке қай рұқсаттама тиесілі екенін анықтаңыз."
        ),
        Reason.VIN_CHECKSUM: Advice("VIN-нің бақылау цифры қате.", "VIN-ді көліктің өзінен салыстырыңыз."),
        Reason.VIN_ALREADY_EXITED: Advice(
            "Бұл VIN-ді көлік басқа рұқсаттамамен өтіп кеткен.", "VIN-ді көліктен салыстырып, орталықтан сұраңыз."
        ),
        Reason.VEHICLE_CLASS_MISMATCH: Advice(
            "Нөмірдің түрі мәлімделгенге сай емес.", "Көлікті декларациясымен салыстырыңыз."
        ),
        Reason.ALREADY_USED: Advice("Рұқсаттама пайдаланылған немесе қазір пайдалануда.", "Соңғы өтуін табыңыз."),
        Reason.USED_AT_OTHER_GATE: Advice(
            "Рұқсаттама басқа бекетте пайдаланылған.", "Сол жерден сұраңыз; VIN-ді салыстырыңыз."
        ),
        Reason.RESERVED_ELSEWHERE: Advice(
            "Рұқсаттама дәл қазір басқа бекетте пайдалануда.", "Сол жерден сұрап, қайталаңыз."
        ),
        Reason.LEDGER_UNREACHABLE: Advice(
            "Рұқсаттаманың пайдаланылғанын басқа бекеттерден білу мүмкін емес.",
            "Көлікті рұқсаттаманың өз бекетіне жіберіңіз немесе сол жерден сұраңыз.",
        ),
        Reason.PASSBACK: Advice("Көлік осы жерден жақында ғана өткен.", "Рұқсаттама кері берілмегенін анықтаңыз."),
        Reason.RATE_LIMITED: Advice("Қатарынан тым көп код қабылданбады.", "Оқу құралына не көрсетілгенін қараңыз."),
        Reason.WATCHLIST_HOLD: Advice("Көлік бақылау тізімінде.", "Ұстап, тізімдегі белгі бойынша әрекет етіңіз."),
        Reason.SAMPLED: Advice("Көлік тексеруге кездейсоқ таңдалды.", "Тексеріп, өткізіңіз."),
        Reason.INTERLOCKED: Advice("Алдымен басқа шлагбаум жабылуы керек.", "Жабылғанша күтіңіз."),
        Reason.LANE_LOCKED: Advice("Жолақ бұйрықпен құлыпталған.", "Қайта пайдалануға болғанда ашыңыз."),
        Reason.GATE_FAULT: Advice("Жабдықтың бір бөлігі істемейді.", "Қолмен тексеріңіз; дабылдарды қараңыз."),
        Reason.INTERNAL_ERROR: Advice(
            "Бекет бағдарламасында ішкі қате болды.", "Қолмен тексеріңіз; журналды қолдау қызметіне жіберіңіз."
        ),
    },
    driver={
        Phrase.PASS: "Өтіңіз",
        Phrase.SHOW_CODE: "QR-кодты көрсетіңіз",
        Phrase.HOLD_STILL: "Кодты қозғалтпай ұстаңыз",
        Phrase.NOT_VALID: "Бұл код мұнда жарамсыз",
        Phrase.TOO_EARLY: "Бұл код әлі жарамды емес",
        Phrase.EXPIRED: "Кодтың мерзімі өтті",
        Phrase.OTHER_LANE: "Басқа жолаққа өтіңіз",
        Phrase.WAIT: "Қызметкерді күтіңіз",
        Phrase.LANE_BUSY: "Жолақ бос емес, күтіңіз",
        Phrase.LANE_CLOSED: "Жолақ жабық",
    },
    states={
        State.INIT: "Іске қосылуда, күтіңіз",
        State.IDLE: "Қош келдіңіз",
        State.PRESENT: "QR-кодты көрсетіңіз",
        State.DECIDING: "Тексерілуде, күтіңіз",
        State.MANUAL: "Қызметкерді күтіңіз",
        State.WAITING: "Күте тұрыңыз",
        State.DENIED: "Өтуге болмайды, қайтыңыз",
        State.OPENING: "Шлагбаум ашылуда",
        State.OPEN: "Өтіңіз",
        State.PASSING: "Жүре беріңіз",
        State.CLEARING: "Шлагбаумнан алыстаңыз",
        State.CLOSING: "Тоқтаңыз, шлагбаум жабылуда",
        State.VIOLATION: "Тоқтаңыз! Қызметкерді күтіңіз",
        State.HELD_OPEN: "Шлагбаум ашық",
        State.FAULT: "Істемейді, қызметкерді күтіңіз",
        State.YIELDING: "Тоқтаңыз, қарсыдан өтуде",
        State.OUT_OF_SERVICE: "Жолақ жұмыс істемейді",
    },
    verdicts={
        Verdict.PASS: "өтуге рұқсат",
        Verdict.DENY: "бас тартылды",
        Verdict.MANUAL: "қызметкер шешеді",
        Verdict.RETRY: "қайта көрсету керек",
    },
    outcomes={
        Outcome.PASSED: "Көлік өтті.",
        Outcome.PASSED_WITH_VIOLATION: "Көлік бұзушылықпен өтті.",
        Outcome.NOT_TAKEN: "Шлагбаум ашық болды, көлік өтпеді.",
        Outcome.BACKED_OUT: "Көлік кері шықты.",
        Outcome.ABANDONED: "Көлік жауап күтпей кетті.",
        Outcome.DENIED: "Көлікке рұқсат берілмеді.",
        Outcome.FAULT: "Бекеттің ақауынан үзілді.",
        Outcome.OVERRIDDEN: "Көлікті қызметкер өткізді.",
    },
    alarms={
        Alarm.WRONG_WAY: "Көлік қарсы бағытта жүрді.",
        Alarm.FORCED_OPEN: "Шлагбаум ашық, бірақ оны ешкім ашқан жоқ.",
        Alarm.TAILGATING: "Ізінен екінші көлік өтті.",
        Alarm.BLOCKED: "Шлагбаум астында бірдеңе тұр.",
        Alarm.OPEN_FAILED: "Шлагбаум ашылмады.",
        Alarm.CLOSE_FAILED: "Шлагбаум жабылмады.",
        Alarm.OPEN_TOO_LONG: "Шлагбаум тым ұзақ ашық тұр.",
        Alarm.REOPENED: "Жабылып жатқан шлагбаум қайта көтерілді.",
        Alarm.INPUTS_LOST: "Ілмектер мен түйіспелер оқылмайды.",
        Alarm.PULSE_UNKNOWN: "Шлагбаумның бұйрық алғаны белгісіз.",
        Alarm.RELAY_LOST: "Реле платасымен байланыс жоқ.",
        Alarm.READERS_LOST: "Жолақтың бірде-бір оқу құралы істемейді.",
        Alarm.JOURNAL_FAILED: "Журналды жазу мүмкін болмады.",
        Alarm.INTERLOCKED: "Басқа шлагбаум мұны аштырмады.",
        Alarm.INPUTS_FLAPPING: "Ілмек не түйіспе тоқтаусыз іске қосылуда.",
        Alarm.DELIVERY_STALLED: "Оқиғалар орталыққа жетпейді.",
        Alarm.LISTS_FAILED: "Орталықтан келген тізімдер жоғалған не жарамсыз.",
    },
)
