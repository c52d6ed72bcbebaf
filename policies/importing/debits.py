"""What banks answer to a debit, in their own words: collected, or failed and why."""

import re
from typing import NamedTuple

from policies.importing.parsing import meanings, plain

OK = "ok"
_OTHER = "other"
# Whole answers. The failures are those of `BankRow.Failure`.
_ANSWERS = meanings(
    ok="成功 收费成功 扣款成功 交易成功 划扣成功 代扣成功 转账成功 处理成功 交费成功 缴费成功 已收费 已扣款 已扣"
    " 已收 success successful succeeded collected paid ok settled approved",
    other="交易失败 收费失败 扣款失败 失败 处理失败 转账失败 其他 其它 其他原因 其它原因 failed failure"
    " fail other declined rejected returned",
)  # fmt: skip
# Parts of answers; the first that is found decides.
_PARTS = {
    "insufficient": "余额不足 存款不足 资金不足 可用余额 余额不够 insufficient nofunds lowbalance",
    "frozen_or_closed": "销户 注销 冻结 挂失 止付 停用 长期不动 睡眠户 closed frozen blocked dormant"
    " stopped",
    "name_mismatch": "户名 姓名不符 姓名不一致 姓名错 姓名与 身份不符 证件不符 证件号 mismatch wrongname namediffers",
    "card_invalid": "卡号无效 无效卡 卡无效 卡号错 卡已过期 过期卡 卡号不存在 invalidcard"
    " cardinvalid cardnotvalid cardexpired expiredcard",
    "account_not_found": "账号不存在 账户不存在 帐号不存在 帐户不存在 无此账 无此户 无此帐 账号错"
    " 帐号错 账号有误 账号无效 帐号无效 nosuchaccount accountnotfound unknownaccount noaccount"
    " invalidaccount",
    "limit_exceeded": "限额 超限 额度 limit",
    "no_authorisation": "授权 未签约 未签协议 协议 authoris authoriz mandate",
    "system_error": "系统 超时 通讯 通信 网络 线路 system timeout timedout network unavailable",
}
_FOUND = [(part, code) for code, parts in _PARTS.items() for part in parts.split()]
# Other things that succeed are no premium: 冲正成功 and 退款成功 give it back, 部分成功 is a part of it.
_COLLECTED = re.compile(
    r"\d*(?:已|本次|银行|批量|实时|自动|续期)*"
    r"(?:收费|付费|扣款|扣费|扣收|划扣|划款|代扣|代收|收款|转账|支付|交易|处理|交费|缴费|回盘|返盘)*成功\d*"
)
_SOUNDS_FAILED = (
    "失败", "拒绝", "错误", "异常", "不符", "无效", "不足", "不能", "退回", "终止", "不成功", "未成功",
    "fail", "reject", "declin", "return", "error", "invalid", "unsuccess", "notsuccess",
)  # fmt: skip


class Answer(NamedTuple):
    ok: bool
    failure: str = ""
    understood: bool = True  # else it only sounds like a failure


def answer(words: str) -> Answer | None:
    """What the bank means; None where that cannot be told."""
    said = "".join(char for char in plain(words) if char.isalnum())
    if code := _ANSWERS.get(said):
        return Answer(code == OK, "" if code == OK else code)
    if found := next((code for part, code in _FOUND if part in said), None):
        return Answer(False, found)
    if any(part in said for part in _SOUNDS_FAILED):
        return Answer(False, _OTHER, understood=False)
    return Answer(True) if _COLLECTED.fullmatch(said) else None
