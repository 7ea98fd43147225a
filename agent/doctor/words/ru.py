"""Russian."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

from agent.core.wording.words import Advice
from agent.doctor.codes import Check, Code, Severity
from agent.doctor.words.form import Words

WORDS = Words(
    by_agent="проверила работающая программа",
    by_doctor="программа здесь не работает; проверено без неё",
    severities={
        Severity.OK: "в порядке",
        Severity.NOTE: "замечание",
        Severity.WARNING: "предупреждение",
        Severity.ERROR: "ошибка",
    },
    titles={
        Check.CONFIGURATION: "Конфигурация",
        Check.SERVICE: "Служба",
        Check.VERSIONS: "Версия",
        Check.WATCHDOG: "Сторожевой таймер",
        Check.PARTS: "Части программы",
        Check.CLOCK: "Часы",
        Check.TIME_ZONE: "Часовой пояс",
        Check.DISK: "Диск",
        Check.MEMORY: "Память",
        Check.PROCESSOR: "Процессор",
        Check.STATE: "Каталог данных",
        Check.JOURNAL: "Журнал событий",
        Check.GATE_KEY: "Ключ поста",
        Check.CERTIFICATES: "Сертификаты",
        Check.MODELS: "Сети чтения номеров",
        Check.BROKERS: "Брокеры",
        Check.LISTS: "Списки",
        Check.PORTS: "Порты",
        Check.CAMERAS: "Камеры",
        Check.RELAYS: "Платы реле",
        Check.INPUTS: "Входы",
        Check.SCANNERS: "Сканеры",
    },
    findings={
        Code.CONFIGURATION_REFUSED: Advice(
            "Конфигурация на диске непригодна: {problem}",
            "Исправьте эту строку и выполните `gate-agent config check`. До тех пор пост работает с последней годной.",
        ),
        Code.CONFIGURATION_DOUBTFUL: Advice(
            "Конфигурация пригодна, но: {problem}", "Измените это, если так не задумано."
        ),
        Code.CONFIGURATION_WAITS: Advice(
            "На диске не та конфигурация, с которой работает пост.",
            "Выполните `systemctl reload gate-agent`; она будет принята, когда на полосах не будет машин.",
        ),
        Code.UNIT_MISSING: Advice(
            "Программа не установлена здесь как служба.",
            "На посту установите пакет или юнит gate-agent.service: только так программа запустится снова после сбоя.",
        ),
        Code.UNIT_FAULTY: Advice(
            "Диспетчер служб недоволен юнитом: {text}",
            "Восстановите юнит из пакета, а изменения вносите через `systemctl edit gate-agent`.",
        ),
        Code.UNIT_NOT_ENABLED: Advice(
            "Служба не запускается вместе с машиной: после отключения питания пост не поднимется.",
            "Выполните `systemctl enable gate-agent`.",
        ),
        Code.SERVICE_FAILED: Advice(
            "Служба завершилась сбоем: {result}.",
            "Посмотрите `journalctl -u gate-agent -n 50`, устраните причину, затем выполните `systemctl restart gate-agent`.",
        ),
        Code.SERVICE_STOPPED: Advice("Служба не работает.", "Выполните `systemctl start gate-agent`."),
        Code.SERVICE_RESTARTED: Advice(
            "Диспетчер служб запускал программу заново, раз: {count}.",
            "Найдите причину в `journalctl -u gate-agent -p err` и отправьте диагностический архив.",
        ),
        Code.VERSION_WAITS: Advice(
            "Работает версия {running}, а установлена {installed}.",
            "Выполните `systemctl restart gate-agent`, когда на полосах не будет машин.",
        ),
        Code.WATCHDOG_OFF: Advice(
            "Диспетчер служб не следит за программой: если она зависнет, её никто не перезапустит.",
            "Задайте WatchdogSec= в юните так, как в пакете.",
        ),
        Code.HARDWARE_WATCHDOG_OFF: Advice(
            "Сторожевой таймер машины не используется: если она зависнет, то так и останется.",
            "Задайте RuntimeWatchdogSec=30 в /etc/systemd/system.conf и перезагрузите машину.",
        ),
        Code.PART_STALLED: Advice(
            "Она не работает уже {time}.",
            "Диспетчер служб перезапустит программу. Отправьте диагностический архив: это ошибка программы, или зависли диск либо устройство.",
        ),
        Code.PART_FAILED: Advice(
            "Она отказала и запускается снова: {trouble}",
            "Отправьте диагностический архив: это ошибка программы. Если работа не возобновится, перезапустите службу.",
        ),
        Code.PART_RESTARTED: Advice(
            "Отказов с момента запуска: {count}; сейчас она снова работает.",
            "Отправьте диагностический архив: это ошибка программы.",
        ),
        Code.CLOCK_UNTRUSTED: Advice(
            "Часам нельзя верить, поэтому каждую машину решает сотрудник: {why}",
            "Настройте сервер времени (`timedatectl timesync-status`, `chronyc sources`) и проверьте батарейку.",
        ),
        Code.CLOCK_UNSYNCHRONISED: Advice(
            "Сейчас часы не сверяются с сервером времени: {why}",
            "Проверьте сеть и сервер времени (`timedatectl timesync-status`, `chronyc sources`).",
        ),
        Code.CLOCK_INEXACT: Advice(
            "Часы могут ошибаться на {error}.", "Возьмите сервер времени ближе, лучше всего на самом пункте."
        ),
        Code.TIME_ZONE_UNKNOWN: Advice(
            "Часовой пояс машины не задан, её журналы показывают UTC.",
            "Выполните `timedatectl set-timezone`, например Asia/Almaty. События всё равно пишутся в UTC.",
        ),
        Code.DISK_FULL: Advice(
            "Диск заполнен: свободно {free}. Когда событие нельзя записать, решает сотрудник.",
            "Удалите постороннее или уменьшите evidence.max_mb и journal.max_mb.",
        ),
        Code.DISK_LOW: Advice(
            "Диск почти заполнен: свободно {free}.",
            "Удалите постороннее или уменьшите evidence.max_mb и journal.max_mb.",
        ),
        Code.INODES_LOW: Advice(
            "На диске поместится лишь столько файлов: {free}.", "Удалите множество мелких посторонних файлов."
        ),
        Code.DISK_READ_ONLY: Advice(
            "Диск смонтирован только для чтения: так делает файловая система, найдя ошибку.",
            "Посмотрите `dmesg`, проверьте файловую систему и замените диск, если на нём ошибки.",
        ),
        Code.DISK_IN_MEMORY: Advice(
            "Данные лежат в оперативной памяти ({file_system}): при отключении питания пропадут все события.",
            "Укажите в state.directory каталог на диске.",
        ),
        Code.DISK_TOO_SMALL: Advice(
            "По конфигурации журнал, снимки и списки могут вырасти ещё на {wanted}, а свободно {free}.",
            "Уменьшите evidence.max_mb, journal.max_mb или lists.max_mb либо поставьте диск больше.",
        ),
        Code.DISK_WEARS: Advice(
            "Данные лежат на карте памяти ({device}), где отмечается и каждое чтение: она изнашивается.",
            "Смонтируйте её с noatime и возьмите промышленную карту или диск.",
        ),
        Code.MEMORY_LOW: Advice(
            "Мало свободной памяти: {free}.",
            "Уменьшите число камер или их разрешение, закройте другие программы или добавьте память.",
        ),
        Code.LOAD_HIGH: Advice(
            "Машина перегружена: ждут задач: {load}, ядер: {cores}.",
            "Закройте другие программы, уменьшите частоту кадров или разрешение камер либо возьмите машину быстрее.",
        ),
        Code.TEMPERATURE_HIGH: Advice(
            "Машина перегрета: {temperature}.", "Прочистите воздухозаборники, затените шкаф или добавьте вентилятор."
        ),
        Code.THROTTLED: Advice(
            "Машина снижала скорость из-за перегрева или слабого питания.", "Проверьте охлаждение и блок питания."
        ),
        Code.STATE_MISSING: Advice(
            "Каталога данных ещё нет: программа здесь не работала.",
            "Ничего делать не нужно: он появится при первом запуске.",
        ),
        Code.STATE_FORBIDDEN: Advice(
            "Пользователь {user} не может писать в каталог данных.",
            "Выполните `chown -R gate-agent: /var/lib/gate-agent` или укажите в state.directory доступный для записи каталог.",
        ),
        Code.STATE_OPEN: Advice(
            "Каталог данных доступен всем на этой машине (права {mode}).", "Выполните для него `chmod 0750`."
        ),
        Code.JOURNAL_MISSING: Advice(
            "Журнала событий ещё нет: программа здесь не работала.",
            "Ничего делать не нужно: он появится при первом запуске.",
        ),
        Code.JOURNAL_DAMAGED: Advice(
            "Журнал событий повреждён или не читается: {trouble}",
            "Перезапустите программу: она отложит повреждённый файл, спасёт что можно и сообщит об этом. Потом проверьте диск.",
        ),
        Code.JOURNAL_FAILING: Advice(
            "Журнал событий сейчас не пишется, поэтому без сотрудника шлагбаум не поднимется.",
            "Смотрите выводы о диске и каталоге данных, а также журнал программы.",
        ),
        Code.JOURNAL_FILLING: Advice(
            "Ждут отправки в центр: {count}; журнал заполнен на {share}, а когда заполнится, решать будет сотрудник.",
            "Восстановите связь с центром. До тех пор можно увеличить journal.max_mb.",
        ),
        Code.JOURNAL_WAITING: Advice(
            "Событий, не подтверждённых центром: {count}, самое старое ждёт {age}.",
            "Смотрите выводы о брокерах; если там всё в порядке, спросите центр, работает ли приём событий.",
        ),
        Code.GATE_KEY_MISSING: Advice(
            "У поста ещё нет своего ключа.", "Ничего делать не нужно: он появится при первом запуске."
        ),
        Code.GATE_KEY_BAD: Advice(
            "Ключ поста непригоден: {trouble}",
            "Сделайте, как сказано; новый ключ (`gate-agent events key`) сообщите центру и другим постам пункта.",
        ),
        Code.CERTIFICATE_UNUSABLE: Advice(
            "Файл непригоден: {trouble}",
            "Положите туда исправный файл PEM, доступный пользователю программы, и перечитайте конфигурацию.",
        ),
        Code.CERTIFICATE_EXPIRED: Advice(
            "Срок сертификата истёк {date}.", "Получите новый, замените файл и перечитайте конфигурацию."
        ),
        Code.CERTIFICATE_EARLY: Advice(
            "Сертификат действует только с {date}.", "Проверьте часы поста; если они верны, получите другой сертификат."
        ),
        Code.CERTIFICATE_EXPIRES: Advice("Срок сертификата истекает через {left}, {date}.", "Получите новый заранее."),
        Code.CERTIFICATE_OTHER_NAME: Advice(
            "Сертификат выдан на {name}, а этот пост называется {expected}.",
            "Получите сертификат с CN {expected} или исправьте gate.id.",
        ),
        Code.PRIVATE_KEY_OPEN: Advice(
            "Закрытый ключ могут читать или менять другие на этой машине (права {mode}).",
            "Выполните для него `chmod 0640`.",
        ),
        Code.MODEL_BAD: Advice(
            "Веса сети не те, что были испытаны: {trouble}",
            "Установите пакет заново. До тех пор номера не читаются.",
        ),
        Code.BROKER_NONE: Advice(
            "Брокер не задан: события остаются в журнале, и о них никто не узнает.",
            "Задайте mqtt.brokers и mqtt.enabled, если так не задумано.",
        ),
        Code.BROKER_UNREACHABLE: Advice(
            "Брокером нельзя пользоваться: {trouble}",
            "Сделайте, как сказано; затем проверьте кабель, межсетевой экран, сертификаты и журнал самого брокера.",
        ),
        Code.BROKER_TAKES_NOTHING: Advice(
            "Брокер не принимает от этого поста ничего: {trouble}",
            "Разрешите посту запись в gate/v1/ID/#, как в config/mosquitto/gates.acl.",
        ),
        Code.BROKER_GIVES_NOTHING: Advice(
            "Брокер не отдаёт посту подтверждения и команды: {trouble}",
            "Разрешите посту чтение gate/v1/ID/ack и gate/v1/ID/cmd/#, как в config/mosquitto/gates.acl.",
        ),
        Code.BROKER_SLOW: Advice("Брокер медлит: ответ занял {time}.", "Проверьте сеть и загрузку брокера."),
        Code.BROKER_IN_CLEAR: Advice(
            "Связь с этим брокером не шифруется.",
            "Используйте mqtts:// с сертификатами, если это не сама машина поста.",
        ),
        Code.LISTS_UNREADABLE: Advice(
            "Списки не читаются: {trouble}",
            "Перезапустите программу: повреждённые списки она начнёт заново и снова получит из центра.",
        ),
        Code.TRUST_LIST_MISSING: Advice(
            "Нет списка доверия, поэтому ни один пропуск нельзя проверить.",
            "Задайте permits.trust_list или попросите центр опубликовать список.",
        ),
        Code.TRUST_LIST_EXPIRED: Advice(
            "Срок списка доверия истёк {age} назад.",
            "Попросите подписать новый (`gate-agent permit renew`) и опубликовать его.",
        ),
        Code.TRUST_LIST_EXPIRES: Advice(
            "Срок списка доверия истекает через {left}.",
            "Попросите подписать новый (`gate-agent permit renew`) и опубликовать его.",
        ),
        Code.LIST_MISSING: Advice(
            "Этот список нужен посту, но не приходил ни разу.",
            "Попросите центр опубликовать его или принесите на флешке: `gate-agent lists import`.",
        ),
        Code.LIST_OLD: Advice(
            "Последнее слово центра об этом списке было {age} назад.",
            "Смотрите выводы о брокерах или выполните `gate-agent lists import`.",
        ),
        Code.LIST_TOO_OLD: Advice(
            "Последнее слово центра об этом списке было {age} назад, поэтому решает сотрудник.",
            "Смотрите выводы о брокерах или выполните `gate-agent lists import`.",
        ),
        Code.PORT_MISSING: Advice(
            "Такого устройства нет ({used_by}).",
            "Подключите его, проверьте кабель и питание; `gate-agent relay list` покажет, что есть и под каким именем.",
        ),
        Code.PORT_FORBIDDEN: Advice(
            "Пользователю {user} нельзя его открывать, группе {group} можно.",
            "Выполните `usermod -aG {group} {user}` и перезапустите программу.",
        ),
        Code.PORT_GROUP_HIDDEN: Advice(
            "Пользователю {user} нельзя его открывать; какой группе можно, изнутри службы не видно.",
            "Посмотрите группу командой `ls -lL {path}`, выполните `usermod -aG GROUP {user}` с её именем вместо GROUP и перезапустите программу.",
        ),
        Code.PORT_BARRED: Advice(
            "Менеджер служб закрывает программе все устройства вида {kind}.",
            "Выполните `systemctl restart gate-agent`. Если не помогло, выполните `systemctl edit gate-agent`, впишите две строки "
            "`[Service]` и `DeviceAllow=char-{kind} rw` и перезапустите ещё раз.",
        ),
        Code.PORT_HELD: Advice(
            "Его держит открытым другая программа: {holders}.",
            "Завершите её и позаботьтесь, чтобы она не запускалась снова.",
        ),
        Code.PORT_NAME_CHANGES: Advice(
            "После перезапуска под этим именем может оказаться другое устройство.",
            "Напишите вместо него {better}: {why}.",
        ),
        Code.CAMERA_LOST: Advice(
            "Камера не даёт изображения: {trouble}",
            "Проверьте её питание, кабель и адрес, а также имя и пароль в её URL.",
        ),
        Code.CAMERA_MISCONFIGURED: Advice(
            "Камера не может работать с такой конфигурацией: {trouble}", "Исправьте таблицу камеры."
        ),
        Code.CAMERA_STALE: Advice("Кадры больше не приходят: {trouble}", "Проверьте сеть; перезапустите камеру."),
        Code.CAMERA_FROZEN: Advice("Камера шлёт один и тот же кадр.", "Перезапустите камеру; обновите её прошивку."),
        Code.CAMERA_SLOW: Advice(
            "Камера даёт только {rate}.",
            "Задайте на её странице от 15 до 25 кадров в секунду; проверьте сеть.",
        ),
        Code.CAMERA_OVERLOADED: Advice(
            "Машина не успевает за этой камерой.",
            "Уменьшите на странице камеры разрешение или частоту кадров либо возьмите машину быстрее.",
        ),
        Code.CAMERA_RESTARTED: Advice(
            "Процесс этой камеры запускался заново, раз: {count}.",
            "Найдите причину в журнале программы и отправьте диагностический архив.",
        ),
        Code.CAMERA_UNCONFINED: Advice(
            "Процесс этой камеры ограничен не во всём: {missing}",
            "Используйте Debian 13, ядро которого умеет всё это, и установите libseccomp2.",
        ),
        Code.RELAY_LOST: Advice(
            "Плата реле не отвечает: {trouble}",
            "Проверьте питание, кабель и порт; `gate-agent relay list --identify` скажет, что где подключено.",
        ),
        Code.RELAY_SLOW: Advice(
            "Плата реле отвечает за {time}.",
            "Увеличьте скорость порта, укоротите кабель или уменьшите число плат на линии.",
        ),
        Code.RELAY_ENERGISED: Advice(
            "Программа не работает, а реле включены: {channels}.",
            "Выполните `gate-agent release`; проследите, чтобы платой не управляла другая программа.",
        ),
        Code.INPUTS_LOST: Advice("Плата входов не отвечает: {trouble}", "Проверьте её питание, кабель и порт."),
        Code.INPUTS_UNKNOWN: Advice(
            "Неизвестны сигналы: {signals}. Пока полоса их не чувствует, она не открывает и не закрывает.",
            "Проверьте проводку этих входов командой `gate-agent relay inputs`.",
        ),
        Code.LANE_BLIND: Advice(
            "У полосы нет входов: проезд не виден, а предполагается.",
            "По возможности подключите петли ([lanes.NAME.inputs] и [lanes.NAME.signals]).",
        ),
        Code.SCANNER_LOST: Advice(
            "Нет связи со сканером: {trouble}", "Проверьте кабель и порт, а также режим последовательного порта."
        ),
        Code.SCANNER_NOISY: Advice(
            "Сканер шлёт неполные тексты: {trouble}", "Проверьте скорость порта, окончание строки и кабель."
        ),
        Code.CHECK_HANGS: Advice(
            "Проверка не закончилась за {time}: зависло устройство или файловая система.",
            "Осмотрите кабель и питание того, что проверялось, и посмотрите `dmesg`.",
        ),
        Code.CHECK_FAILED: Advice(
            "Сама проверка не удалась: {trouble}", "Отправьте диагностический архив: это ошибка программы."
        ),
    },
)
