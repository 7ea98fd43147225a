"""Chinese, in simplified characters."""

# ruff: noqa: RUF001 - these letters are meant

from __future__ import annotations

from agent.core.wording.words import Advice
from agent.doctor.codes import Check, Code, Severity
from agent.doctor.words.form import Words

WORDS = Words(
    by_agent="由正在运行的程序检查",
    by_doctor="本机没有程序在运行；由诊断命令自行检查",
    severities={Severity.OK: "正常", Severity.NOTE: "提示", Severity.WARNING: "警告", Severity.ERROR: "错误"},
    titles={
        Check.CONFIGURATION: "配置",
        Check.SERVICE: "系统服务",
        Check.VERSIONS: "版本",
        Check.WATCHDOG: "看门狗",
        Check.PARTS: "程序的各个部分",
        Check.CLOCK: "时钟",
        Check.TIME_ZONE: "时区",
        Check.DISK: "磁盘",
        Check.MEMORY: "内存",
        Check.PROCESSOR: "处理器",
        Check.STATE: "数据目录",
        Check.JOURNAL: "事件日志",
        Check.GATE_KEY: "检查点密钥",
        Check.CERTIFICATES: "证书",
        Check.MODELS: "车牌读取网络",
        Check.BROKERS: "消息服务器",
        Check.LISTS: "名单",
        Check.PORTS: "端口",
        Check.CAMERAS: "摄像机",
        Check.RELAYS: "继电器板",
        Check.INPUTS: "输入信号",
        Check.SCANNERS: "扫码器",
    },
    findings={
        Code.CONFIGURATION_REFUSED: Advice(
            "磁盘上的配置无法使用：{problem}",
            "请改正该行，再运行 `gate-agent config check`。在此之前检查点按上一次可用的配置运行。",
        ),
        Code.CONFIGURATION_DOUBTFUL: Advice("配置可以使用，但是：{problem}", "如非有意，请修改。"),
        Code.CONFIGURATION_WAITS: Advice(
            "磁盘上的配置不是正在运行的配置。",
            "请运行 `systemctl reload gate-agent`；没有车辆通行时即生效。",
        ),
        Code.UNIT_MISSING: Advice(
            "本机没有把程序安装为系统服务。",
            "在检查点上请安装软件包，或安装单元 gate-agent.service：这样故障后才会自动重新启动。",
        ),
        Code.UNIT_FAULTY: Advice(
            "服务管理器对单元文件有意见：{text}",
            "请从软件包恢复单元文件，改动请写入 `systemctl edit gate-agent`。",
        ),
        Code.UNIT_NOT_ENABLED: Advice(
            "服务不随机器启动：停电之后检查点不会恢复。", "请运行 `systemctl enable gate-agent`。"
        ),
        Code.SERVICE_FAILED: Advice(
            "服务已失败：{result}。",
            "请查看 `journalctl -u gate-agent -n 50`，排除原因后运行 `systemctl restart gate-agent`。",
        ),
        Code.SERVICE_STOPPED: Advice("服务没有运行。", "请运行 `systemctl start gate-agent`。"),
        Code.SERVICE_RESTARTED: Advice(
            "服务管理器已 {count} 次重新启动程序。",
            "请用 `journalctl -u gate-agent -p err` 查找原因，并提交诊断包。",
        ),
        Code.VERSION_WAITS: Advice(
            "正在运行的是版本 {running}，已安装的是版本 {installed}。",
            "请在没有车辆通行时运行 `systemctl restart gate-agent`。",
        ),
        Code.WATCHDOG_OFF: Advice(
            "服务管理器没有监视程序：程序卡死后不会重新启动。", "请按软件包的单元文件设置 WatchdogSec=。"
        ),
        Code.HARDWARE_WATCHDOG_OFF: Advice(
            "没有使用机器自带的看门狗：机器卡死后不会恢复。",
            "请在 /etc/systemd/system.conf 中设置 RuntimeWatchdogSec=30，然后重启机器。",
        ),
        Code.PART_STALLED: Advice(
            "它已有 {time} 没有进展。",
            "服务管理器会重新启动程序。请提交诊断包：这是程序的错误，或者磁盘、设备卡住了。",
        ),
        Code.PART_FAILED: Advice(
            "它出错了，正在重新开始：{trouble}",
            "请提交诊断包：这是程序的错误。如果仍未恢复，请重启服务。",
        ),
        Code.PART_RESTARTED: Advice(
            "自启动以来它出错 {count} 次，现已恢复工作。",
            "请提交诊断包：这是程序的错误。",
        ),
        Code.CLOCK_UNTRUSTED: Advice(
            "时钟不可信，每辆车都须由工作人员决定：{why}",
            "请配置时间服务器（`timedatectl timesync-status`、`chronyc sources`），并检查主板电池。",
        ),
        Code.CLOCK_UNSYNCHRONISED: Advice(
            "目前没有时间服务器校准时钟：{why}",
            "请检查网络和时间服务器（`timedatectl timesync-status`、`chronyc sources`）。",
        ),
        Code.CLOCK_INEXACT: Advice("时钟误差可能达到 {error}。", "请使用更近的时间服务器，最好设在站点内。"),
        Code.TIME_ZONE_UNKNOWN: Advice(
            "机器没有设置时区，系统日志按 UTC 显示。",
            "请运行 `timedatectl set-timezone`，例如 Asia/Shanghai。事件始终使用 UTC。",
        ),
        Code.DISK_FULL: Advice(
            "磁盘已满：剩余 {free}。事件无法记录时须由工作人员决定。",
            "请删除不属于本程序的文件，或降低 evidence.max_mb 和 journal.max_mb。",
        ),
        Code.DISK_LOW: Advice(
            "磁盘将满：剩余 {free}。", "请删除不属于本程序的文件，或降低 evidence.max_mb 和 journal.max_mb。"
        ),
        Code.INODES_LOW: Advice("磁盘只能再存 {free} 个文件。", "请删除不属于本程序的大量小文件。"),
        Code.DISK_READ_ONLY: Advice(
            "磁盘以只读方式挂载，通常是文件系统发现了错误。",
            "请查看 `dmesg`，检查文件系统；磁盘有错误时请更换。",
        ),
        Code.DISK_IN_MEMORY: Advice(
            "数据保存在内存中（{file_system}）：下次停电全部事件都会丢失。",
            "请把 state.directory 设为磁盘上的目录。",
        ),
        Code.DISK_TOO_SMALL: Advice(
            "按设置，事件日志、图片和名单还可增长 {wanted}，而磁盘只剩 {free}。",
            "请降低 evidence.max_mb、journal.max_mb 或 lists.max_mb，或换用更大的磁盘。",
        ),
        Code.DISK_WEARS: Advice(
            "数据保存在存储卡（{device}）上，而且每次读取都会写入访问时间，会缩短其寿命。",
            "请以 noatime 挂载，并使用工业级存储卡或硬盘。",
        ),
        Code.MEMORY_LOW: Advice("内存所剩不多：{free}。", "请减少摄像机或降低分辨率，结束其他程序，或增加内存。"),
        Code.LOAD_HIGH: Advice(
            "机器过于繁忙：{cores} 个核心上有 {load} 个任务在等待。",
            "请结束其他程序，降低摄像机的帧率或分辨率，或换用更快的机器。",
        ),
        Code.TEMPERATURE_HIGH: Advice("机器温度过高：{temperature}。", "请清理进风口，为机柜遮阳，或加装风扇。"),
        Code.THROTTLED: Advice("机器因过热或供电不足而降速。", "请检查散热和电源。"),
        Code.STATE_MISSING: Advice("尚无数据目录：程序还没有在本机运行过。", "无需处理；首次启动时会自动建立。"),
        Code.STATE_FORBIDDEN: Advice(
            "用户 {user} 无权写入数据目录。",
            "请运行 `chown -R gate-agent: /var/lib/gate-agent`，或把 state.directory 设为可写的目录。",
        ),
        Code.STATE_OPEN: Advice("本机所有用户都能查看数据目录（权限 {mode}）。", "请对该目录运行 `chmod 0750`。"),
        Code.JOURNAL_MISSING: Advice("尚无事件日志：程序还没有在本机运行过。", "无需处理；首次启动时会自动建立。"),
        Code.JOURNAL_DAMAGED: Advice(
            "事件日志损坏或无法读取：{trouble}",
            "请重启程序：它会保留损坏的文件，抢救可用的内容并报告。然后请检查磁盘。",
        ),
        Code.JOURNAL_FAILING: Advice(
            "事件日志目前无法写入，没有工作人员便不会升起道闸。", "请查看关于磁盘和数据目录的结果以及运行日志。"
        ),
        Code.JOURNAL_FILLING: Advice(
            "有 {count} 个事件等待中心接收，事件日志已用 {share}；写满后须由工作人员决定。",
            "请恢复与中心的连接。在此之前可以提高 journal.max_mb。",
        ),
        Code.JOURNAL_WAITING: Advice(
            "有 {count} 个事件等待中心确认，最早的已等待 {age}。",
            "请查看关于消息服务器的结果；若正常，请询问中心的接收程序是否在运行。",
        ),
        Code.GATE_KEY_MISSING: Advice("检查点尚无自己的密钥。", "无需处理；首次启动时会自动生成。"),
        Code.GATE_KEY_BAD: Advice(
            "检查点密钥无法使用：{trouble}",
            "请按其提示处理；更换密钥后，请把 `gate-agent events key` 的输出交给中心和站点的其他检查点。",
        ),
        Code.CERTIFICATE_UNUSABLE: Advice(
            "文件无法使用：{trouble}", "请放入程序用户可读的有效 PEM 文件，然后重新加载。"
        ),
        Code.CERTIFICATE_EXPIRED: Advice("证书已于 {date} 过期。", "请取得新证书并替换，然后重新加载程序。"),
        Code.CERTIFICATE_EARLY: Advice("证书自 {date} 起才有效。", "请检查本机时钟；时钟无误则请另取证书。"),
        Code.CERTIFICATE_EXPIRES: Advice("证书将在 {left} 后过期（{date}）。", "请及时取得新证书。"),
        Code.CERTIFICATE_OTHER_NAME: Advice(
            "证书属于 {name}，而本检查点是 {expected}。", "请取得 CN 为 {expected} 的证书，或改正 gate.id。"
        ),
        Code.PRIVATE_KEY_OPEN: Advice(
            "本机其他用户可以读取或修改私钥（权限 {mode}）。", "请对该文件运行 `chmod 0640`。"
        ),
        Code.MODEL_BAD: Advice("权重文件不是经过测试的版本：{trouble}", "请重新安装软件包。在此之前不读取车牌。"),
        Code.BROKER_NONE: Advice(
            "没有设置消息服务器：事件只留在事件日志中，无人知晓。",
            "如非有意，请设置 mqtt.brokers 和 mqtt.enabled。",
        ),
        Code.BROKER_UNREACHABLE: Advice(
            "消息服务器无法使用：{trouble}", "请按其提示处理；再检查网线、防火墙、证书和消息服务器自己的运行日志。"
        ),
        Code.BROKER_TAKES_NOTHING: Advice(
            "消息服务器不接收本检查点发布的内容：{trouble}",
            "请按 config/mosquitto/gates.acl 的示例允许本检查点写入 gate/v1/ID/#。",
        ),
        Code.BROKER_GIVES_NOTHING: Advice(
            "消息服务器不把确认和命令发给本检查点：{trouble}",
            "请按 config/mosquitto/gates.acl 的示例允许本检查点读取 gate/v1/ID/ack 和 gate/v1/ID/cmd/#。",
        ),
        Code.BROKER_SLOW: Advice("消息服务器响应慢：一次应答用了 {time}。", "请检查网络和消息服务器的负载。"),
        Code.BROKER_IN_CLEAR: Advice(
            "与该消息服务器的通信没有加密。", "请使用带证书的 mqtts://，除非消息服务器就在本机。"
        ),
        Code.LISTS_UNREADABLE: Advice("名单无法读取：{trouble}", "请重启程序：它会重建损坏的名单，并从中心重新获取。"),
        Code.TRUST_LIST_MISSING: Advice(
            "没有信任名单，无法验证任何通行证。", "请设置 permits.trust_list，或让中心发布名单。"
        ),
        Code.TRUST_LIST_EXPIRED: Advice(
            "信任名单已于 {age} 前到期。", "请用 `gate-agent permit renew` 签发新名单并发布。"
        ),
        Code.TRUST_LIST_EXPIRES: Advice(
            "信任名单将在 {left} 后到期。", "请用 `gate-agent permit renew` 签发新名单并发布。"
        ),
        Code.LIST_MISSING: Advice(
            "检查点需要此名单，但从未收到。", "请让中心发布，或用U盘导入：`gate-agent lists import`。"
        ),
        Code.LIST_OLD: Advice(
            "中心上次确认此名单是在 {age} 前。", "请查看关于消息服务器的结果；或用 `gate-agent lists import` 导入。"
        ),
        Code.LIST_TOO_OLD: Advice(
            "中心上次确认此名单是在 {age} 前，因此须由工作人员决定。",
            "请查看关于消息服务器的结果；或用 `gate-agent lists import` 导入。",
        ),
        Code.PORT_MISSING: Advice(
            "没有这个设备（{used_by}）。",
            "请插好设备，检查线缆和电源；`gate-agent relay list` 会列出现有设备及其名称。",
        ),
        Code.PORT_FORBIDDEN: Advice(
            "用户 {user} 无权打开，用户组 {group} 可以。", "请运行 `usermod -aG {group} {user}` 并重启程序。"
        ),
        Code.PORT_GROUP_HIDDEN: Advice(
            "用户 {user} 无权打开；从服务内部看不到哪个用户组有权。",
            "请用 `ls -lL {path}` 查看其用户组，把 GROUP 换成该组名运行 `usermod -aG GROUP {user}`，并重启程序。",
        ),
        Code.PORT_BARRED: Advice(
            "服务管理器禁止本程序使用所有 {kind} 类设备。",
            "请运行 `systemctl restart gate-agent`。若无效，请运行 `systemctl edit gate-agent`，写入 `[Service]` 和 "
            "`DeviceAllow=char-{kind} rw` 两行，然后再次重启。",
        ),
        Code.PORT_HELD: Advice("它被其他程序占用：{holders}。", "请结束该程序，并确保它不再启动。"),
        Code.PORT_NAME_CHANGES: Advice("重启后这个名称可能指向另一个设备。", "请改写为 {better}：{why}。"),
        Code.CAMERA_LOST: Advice("摄像机没有图像：{trouble}", "请检查电源、网线和地址，以及地址中的用户名和密码。"),
        Code.CAMERA_MISCONFIGURED: Advice("摄像机无法按此设置工作：{trouble}", "请改正配置中它的表。"),
        Code.CAMERA_STALE: Advice("图像中断：{trouble}", "请检查网络；重启摄像机。"),
        Code.CAMERA_FROZEN: Advice("摄像机一直发送同一幅图像。", "请重启摄像机；更新其固件。"),
        Code.CAMERA_SLOW: Advice("摄像机帧率只有 {rate}。", "请在摄像机网页中设为每秒 15 至 25 帧；检查网络。"),
        Code.CAMERA_OVERLOADED: Advice(
            "机器处理不过来这个摄像机。", "请在摄像机网页中降低分辨率或帧率，或换用更快的机器。"
        ),
        Code.CAMERA_RESTARTED: Advice(
            "这个摄像机的进程已 {count} 次重新启动。", "请在运行日志中查找原因，并提交诊断包。"
        ),
        Code.CAMERA_UNCONFINED: Advice(
            "这个摄像机的进程没有在所有方面受到限制：{missing}",
            "请使用 Debian 13（其内核全部支持），并安装 libseccomp2。",
        ),
        Code.RELAY_LOST: Advice(
            "继电器板没有应答：{trouble}",
            "请检查电源、线缆和端口；`gate-agent relay list --identify` 会说明各端口上是什么。",
        ),
        Code.RELAY_SLOW: Advice("继电器板应答用了 {time}。", "请提高波特率，缩短线缆，或减少同一线路上的板。"),
        Code.RELAY_ENERGISED: Advice(
            "程序没有运行，却有继电器吸合：{channels}。",
            "请运行 `gate-agent release`；确保没有其他程序操作该板。",
        ),
        Code.INPUTS_LOST: Advice("输入板没有应答：{trouble}", "请检查电源、线缆和端口。"),
        Code.INPUTS_UNKNOWN: Advice(
            "信号未知：{signals}。无法感知时车道既不开也不关。", "请用 `gate-agent relay inputs` 检查这些输入的接线。"
        ),
        Code.LANE_BLIND: Advice(
            "车道没有输入信号：车辆通过不是看到的，而是推定的。",
            "条件允许时请接入地感（[lanes.NAME.inputs] 和 [lanes.NAME.signals]）。",
        ),
        Code.SCANNER_LOST: Advice("扫码器无法连接：{trouble}", "请检查线缆和端口，以及它是否处于串口模式。"),
        Code.SCANNER_NOISY: Advice("扫码器发来的文本不完整：{trouble}", "请检查波特率、结束符和线缆。"),
        Code.CHECK_HANGS: Advice(
            "检查在 {time} 内没有结束：设备或文件系统卡住了。", "请检查该设备的线缆和电源，并查看 `dmesg`。"
        ),
        Code.CHECK_FAILED: Advice("检查本身失败：{trouble}", "请提交诊断包：这是程序的错误。"),
    },
)
