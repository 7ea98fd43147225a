"""Russian."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

from agent.core.camera_view import View
from agent.core.decision import Reason, Verdict
from agent.core.events import Alarm, Outcome
from agent.core.lane_state import State
from agent.core.quality import Flaw
from agent.core.wording.words import Advice, Phrase, Words

WORDS = Words(
    officer={
        Reason.OK: Advice("Все проверки пройдены.", "Ничего делать не нужно."),
        Reason.QR_NONE: Advice("Код не предъявлен.", "Попросите у водителя код пропуска."),
        Reason.QR_MULTIPLE: Advice("Предъявлены коды нескольких пропусков.", "Пусть покажут только код этой машины."),
        Reason.QR_UNSTABLE: Advice("Код виден нечётко.", "Пусть покажут ещё раз и держат неподвижно."),
        Reason.PAYLOAD_TOO_LARGE: Advice("Код слишком длинный для пропуска.", "Попросите код пропуска."),
        Reason.NOT_A_PERMIT: Advice("Этот код не пропуск.", "Попросите код пропуска."),
        Reason.VERSION_UNSUPPORTED: Advice(
            "Пропуск такого вида здесь не принимается.", "Проверьте его через центр; возможно, нужно обновление."
        ),
        Reason.ENCODING_INVALID: Advice("Код повреждён.", "Попросите исходный код."),
        Reason.STRUCTURE_INVALID: Advice("Код устроен не как пропуск.", "Возможна подделка."),
        Reason.ALG_NOT_ALLOWED: Advice("Пропуск подписан недопустимым для его ключа способом.", "Возможна подделка."),
        Reason.KEY_UNKNOWN: Advice(
            "Ключ, которым подписан пропуск, неизвестен.", "Возможна подделка; проверьте, свеж ли список доверия."
        ),
        Reason.KEY_EXPIRED: Advice("Ключ эмитента сейчас не действует по сроку.", "Нужен новый пропуск."),
        Reason.KEY_REVOKED: Advice("Ключ эмитента отключён.", "Задержите машину и запросите центр."),
        Reason.SIGNATURE_INVALID: Advice("Пропуск изменён или подделан.", "Задержите машину и доложите."),
        Reason.CLAIMS_INVALID: Advice(
            "Подпись верна, но данные пропуска недопустимы.", "Сообщите эмитенту; нужен новый пропуск."
        ),
        Reason.CLOCK_UNTRUSTED: Advice(
            "Пост не уверен в точном времени.", "Проверьте пропуск вручную и вызовите техника."
        ),
        Reason.NOT_YET_VALID: Advice("Срок пропуска ещё не начался.", "Машине следует приехать позже."),
        Reason.EXPIRED: Advice("Срок пропуска истёк.", "Нужен новый пропуск."),
        Reason.WRONG_SITE: Advice("Пропуск для другого пункта.", "Направьте машину туда."),
        Reason.WRONG_LANE: Advice("Пропуск для другой полосы.", "Направьте машину туда."),
        Reason.WRONG_DIRECTION: Advice("Пропуск для другого направления.", "Направьте машину на ту сторону."),
        Reason.PERMIT_REVOKED: Advice("Пропуск отозван.", "Задержите машину и запросите центр."),
        Reason.DECLARATION_UNKNOWN: Advice(
            "На посту нет декларации этой машины.", "Запросите центр; данные могли ещё не прийти."
        ),
        Reason.DECLARATION_NOT_RELEASED: Advice(
            "Декларация не выпущена: новая, задержана или отменена.", "Уточните её состояние в центре."
        ),
        Reason.DECLARATION_MISMATCH: Advice(
            "Пропуск и декларация расходятся.", "Сверьте VIN, номер машины и декларации, запросите центр."
        ),
        Reason.DATA_TOO_OLD: Advice(
            "Слишком долго нет данных из центра.", "Проверьте через центр другим путём; вызовите техника."
        ),
        Reason.PLATE_UNREADABLE: Advice("Номер не прочитан или не заявлен.", "Сверьте номер или VIN на глаз."),
        Reason.PLATE_UNSURE: Advice("Номер прочитан нечётко.", "Сверьте его на глаз."),
        Reason.PLATE_MISMATCH: Advice("Номер не тот, что заявлен.", "Задержите машину, сверьте номер и VIN."),
        Reason.PLATE_OTHER_PERMIT: Advice(
            "Номер больше похож на номер другой заявленной машины.", "Выясните, какой пропуск относится к этой."
        ),
        Reason.VIN_CHECKSUM: Advice("Контрольная цифра VIN неверна.", "Сверьте VIN на машине."),
        Reason.VIN_ALREADY_EXITED: Advice(
            "Машина с этим VIN уже прошла по другому пропуску.", "Сверьте VIN на машине и запросите центр."
        ),
        Reason.VEHICLE_CLASS_MISMATCH: Advice("Вид номера не тот, что заявлен.", "Сверьте машину с её декларацией."),
        Reason.ALREADY_USED: Advice("Пропуск уже использован или используется.", "Найдите его последний проезд."),
        Reason.USED_AT_OTHER_GATE: Advice("Пропуск использован на другом посту.", "Спросите там; сверьте VIN."),
        Reason.RESERVED_ELSEWHERE: Advice("Пропуск сейчас используется на другом посту.", "Спросите там и повторите."),
        Reason.LEDGER_UNREACHABLE: Advice(
            "Нельзя узнать у других постов, использован ли пропуск.",
            "Направьте машину на пост её пропуска или спросите там.",
        ),
        Reason.PASSBACK: Advice("Машина недавно уже проехала здесь.", "Выясните, не передан ли пропуск назад."),
        Reason.RATE_LIMITED: Advice("Подряд отклонено слишком много кодов.", "Посмотрите, что показывают считывателю."),
        Reason.WATCHLIST_HOLD: Advice("Машина в списке контроля.", "Задержите её и действуйте по пометке."),
        Reason.SAMPLED: Advice("Машина случайно выбрана для проверки.", "Проверьте и пропустите."),
        Reason.INTERLOCKED: Advice("Сначала должен закрыться другой шлагбаум.", "Подождите, пока он закроется."),
        Reason.LANE_LOCKED: Advice("Полоса заперта по приказу.", "Отоприте, когда её снова можно использовать."),
        Reason.GATE_FAULT: Advice("Часть оборудования не работает.", "Проверьте вручную; посмотрите тревоги."),
        Reason.INTERNAL_ERROR: Advice(
            "Внутренняя ошибка программы поста.", "Проверьте вручную; отправьте журнал в поддержку."
        ),
    },
    driver={
        Phrase.PASS: "Проезжайте",
        Phrase.SHOW_CODE: "Покажите QR-код",
        Phrase.HOLD_STILL: "Держите код неподвижно",
        Phrase.NOT_VALID: "Этот код здесь не действует",
        Phrase.TOO_EARLY: "Этот код ещё не действует",
        Phrase.EXPIRED: "Срок кода истёк",
        Phrase.OTHER_LANE: "Вам на другую полосу",
        Phrase.WAIT: "Ждите сотрудника",
        Phrase.LANE_BUSY: "Полоса занята, ждите",
        Phrase.LANE_CLOSED: "Полоса закрыта",
    },
    states={
        State.INIT: "Запуск, подождите",
        State.IDLE: "Добро пожаловать",
        State.PRESENT: "Покажите QR-код",
        State.DECIDING: "Проверка, подождите",
        State.MANUAL: "Ждите сотрудника",
        State.WAITING: "Подождите",
        State.DENIED: "Проезда нет, вернитесь",
        State.OPENING: "Шлагбаум открывается",
        State.OPEN: "Проезжайте",
        State.PASSING: "Продолжайте движение",
        State.CLEARING: "Отъедьте от шлагбаума",
        State.CLOSING: "Стойте, шлагбаум закрывается",
        State.VIOLATION: "Стойте! Ждите сотрудника",
        State.HELD_OPEN: "Шлагбаум открыт",
        State.FAULT: "Не работает, ждите сотрудника",
        State.YIELDING: "Стойте, едут навстречу",
        State.OUT_OF_SERVICE: "Полоса не работает",
    },
    verdicts={
        Verdict.PASS: "проезд разрешён",
        Verdict.DENY: "отказано",
        Verdict.MANUAL: "решает сотрудник",
        Verdict.RETRY: "показать ещё раз",
    },
    outcomes={
        Outcome.PASSED: "Машина проехала.",
        Outcome.PASSED_WITH_VIOLATION: "Машина проехала с нарушением.",
        Outcome.NOT_TAKEN: "Шлагбаум был открыт, машина не поехала.",
        Outcome.BACKED_OUT: "Машина выехала назад.",
        Outcome.ABANDONED: "Машина уехала, не дождавшись ответа.",
        Outcome.DENIED: "Машине отказано.",
        Outcome.FAULT: "Прервано неисправностью поста.",
        Outcome.OVERRIDDEN: "Машину пропустил сотрудник.",
    },
    alarms={
        Alarm.WRONG_WAY: "Машина едет в обратном направлении.",
        Alarm.FORCED_OPEN: "Шлагбаум открыт, хотя его никто не открывал.",
        Alarm.TAILGATING: "Следом проехала вторая машина.",
        Alarm.BLOCKED: "Под шлагбаумом что-то стоит.",
        Alarm.OPEN_FAILED: "Шлагбаум не открылся.",
        Alarm.CLOSE_FAILED: "Шлагбаум не закрылся.",
        Alarm.OPEN_TOO_LONG: "Шлагбаум открыт слишком долго.",
        Alarm.REOPENED: "Закрывавшийся шлагбаум снова поднялся.",
        Alarm.INPUTS_LOST: "Петли и контакты не читаются.",
        Alarm.PULSE_UNKNOWN: "Неизвестно, получил ли шлагбаум команду.",
        Alarm.RELAY_LOST: "Нет связи с платой реле.",
        Alarm.READERS_LOST: "Ни один считыватель полосы не работает.",
        Alarm.JOURNAL_FAILED: "Журнал не удавалось записать.",
        Alarm.INTERLOCKED: "Другой шлагбаум не дал открыть этот.",
        Alarm.INPUTS_FLAPPING: "Петля или контакт беспрерывно срабатывает.",
        Alarm.DELIVERY_STALLED: "События не доходят до центра.",
        Alarm.LISTS_FAILED: "Списки из центра утеряны или непригодны.",
    },
    views={
        View.CLEAR: Advice("Камера видит хорошо.", "Ничего делать не нужно."),
        View.DARK: Advice("Изображение камеры тёмное.", "Проверьте освещение площадки или подсветку камеры."),
        View.COVERED: Advice("Объектив камеры чем-то закрыт.", "Откройте и протрите его."),
        View.BLURRED: Advice("Изображение камеры нерезкое.", "Протрите объектив, затем настройте фокус."),
        View.BLINDED: Advice(
            "Камеру слепит лампа, солнце или слишком долгая выдержка.",
            "Затените или отверните её, либо уменьшите выдержку.",
        ),
        View.NOISY: Advice(
            "В изображении камеры сильный шум, снег или дождь.", "В ясную погоду проверьте свет, усиление и кабель."
        ),
        View.MOVED: Advice(
            "Камера смотрит не туда, куда раньше, или перед ней что-то поставили.",
            "Наведите её заново или освободите обзор.",
        ),
    },
    flaws={
        Flaw.SMALL_CODE: Advice(
            "Код на изображении слишком мелкий.", "Увеличьте масштаб или попросите поднести код ближе."
        ),
        Flaw.SMALL_PLATE: Advice("Номер на изображении слишком мелкий.", "Увеличьте масштаб или разрешение."),
        Flaw.UNSHARP: Advice("Изображение нерезкое.", "Протрите объектив, настройте фокус, сократите выдержку."),
        Flaw.GLARE: Advice("Часть изображения засвечена.", "Отверните камеру от света или уменьшите выдержку."),
        Flaw.NOISE: Advice("Изображение зашумлено.", "Добавьте света и уменьшите усиление."),
        Flaw.DARK: Advice("Изображение тёмное.", "Добавьте света или откройте диафрагму."),
        Flaw.BRIGHT: Advice("Изображение слишком светлое.", "Уменьшите выдержку."),
    },
)
