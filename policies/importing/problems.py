"""What can be wrong with a file or a row, in words for the one who has to mend it."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


class Problem(NamedTuple):
    """What a parser answers instead of a value; `value` is what is kept all the same."""

    code: str
    value: object = None


class Reason(NamedTuple):
    words: Words
    mend: Words
    fatal: bool = False


REASONS = {
    "policy_number_missing": Reason(
        _("The policy number is missing"),
        _("Fill in the policy number; without it the policy cannot be found again."),
        fatal=True,
    ),
    "policy_number_mangled": Reason(
        _("A spreadsheet has turned the policy number into a rounded number"),
        _("Format the column as text and paste the policy numbers from the source again."),
        fatal=True,
    ),
    "policy_number_odd": Reason(
        _("This is no policy number: it has neither digits nor letters"),
        _("If the row is a total or a note, nothing is to be done; else fill in the number."),
        fatal=True,
    ),
    "policy_number_too_long": Reason(
        _("The policy number is longer than 40 characters"),
        _("Check whether two cells have run together."),
        fatal=True,
    ),
    "name_missing": Reason(
        _("The policyholder's name is missing"),
        _("Fill in the name of the policyholder."),
        fatal=True,
    ),
    "name_too_long": Reason(
        _("The name is longer than 100 characters"),
        _("Check whether two cells have run together."),
        fatal=True,
    ),
    "date_invalid": Reason(
        _("This is not a date"),
        _("Write the date as 2026-03-05, or leave the cell empty where there is none."),
        fatal=True,
    ),
    "date_in_future": Reason(
        _("The effective date is more than a year ahead"),
        _("Check the year of the effective date."),
        fatal=True,
    ),
    "premium_invalid": Reason(
        _("The premium is not an amount"),
        _("Write the premium as a plain number such as 1200.00."),
        fatal=True,
    ),
    "premium_negative": Reason(
        _("The premium is negative"),
        _("Remove reversals from the book, or correct the sign."),
        fatal=True,
    ),
    "amount_invalid": Reason(
        _("The sum assured is not an amount"),
        _("Write the amount as a plain number such as 100000.00."),
        fatal=True,
    ),
    "premium_missing": Reason(
        _("The premium is empty; taken as 0"),
        _("Fill in the premium and import the file again."),
    ),
    "amount_rounded": Reason(
        _("The amount has parts of a cent; it was rounded"),
        _("Look whether a point stands there for a comma: 1.234 for 1,234."),
    ),
    "cell_error": Reason(
        _(
            "The spreadsheet shows an error here, or has not worked the formula out; it was left out"
        ),
        _("Open the file in a spreadsheet, mend the formula, and save it again."),
    ),
    "cell_error_needed": Reason(
        _("The spreadsheet shows an error here, or has not worked the formula out"),
        _("Open the file in a spreadsheet, mend the formula, and save it again."),
        fatal=True,
    ),
    "number_masked": Reason(
        _("The number is hidden by asterisks; it was left out"),
        _("What is known stays as it is. Ask for the list with whole numbers."),
    ),
    "id_checksum": Reason(
        _("The ID number is wrong; it was left out"),
        _("Compare it with the ID card: a digit is wrong, missing or too many."),
    ),
    "id_mangled_by_excel": Reason(
        _("A spreadsheet has destroyed the last digits of the ID number; it was left out"),
        _("Format the column as text and paste the ID numbers from the source again."),
    ),
    "id_rounded": Reason(
        _(
            "The ID number ends in 000, as a spreadsheet leaves it that has rounded it; it was left out"
        ),
        _("Compare it with the ID card; if it is right, type it in on the client's page."),
    ),
    "id_birth_mismatch": Reason(
        _("The ID number and the birth date differ; both were taken"),
        _("Compare both with the ID card."),
    ),
    "id_gender_mismatch": Reason(
        _("The ID number and the gender differ; both were taken"),
        _("Compare both with the ID card."),
    ),
    "account_mangled_by_excel": Reason(
        _("A spreadsheet has destroyed the last digits of the bank account; it was left out"),
        _("Format the column as text and paste the accounts from the source again."),
    ),
    "number_mangled": Reason(
        _("A spreadsheet has turned this into a rounded number; it was left out"),
        _("Format the column as text and paste the numbers from the source again."),
    ),
    "phone_invalid": Reason(
        _("This is not one phone number; it was left out"),
        _("Write one number: a mobile of 11 digits, or a landline with its area code."),
    ),
    "phone_several": Reason(
        _("There are several phone numbers in one cell; the first was taken"),
        _("Put each number into a cell of its own."),
    ),
    "email_invalid": Reason(
        _("This is not an e-mail address; it was left out"),
        _("Write the address as name@example.com."),
    ),
    "gender_unknown": Reason(
        _("The gender is not understood; it was left out"),
        _("Write male or female."),
    ),
    "agent_unknown": Reason(
        _("The agent is not known; the policy goes to the orphan pool"),
        _("Say who serves them, or have an account made of the number."),
    ),
    "product_unknown": Reason(
        _("The kind of the product cannot be told from its name"),
        _("Set the kind on the product's page."),
    ),
    "status_unknown": Reason(
        _("The status is not understood; it was left out"),
        _(
            "Write one of: in force, lapsed, terminated, surrendered, cooled off, matured, transferred out."
        ),
    ),
    "premium_mode_unknown": Reason(
        _("The premium mode is not understood; it was left out"),
        _("Write one of: single, yearly, half-yearly, quarterly, monthly, irregular."),
    ),
    "term_unknown": Reason(
        _("The term is not understood; it was left out"),
        _("Write years, such as 10 years, or whole life."),
    ),
    "text_cut": Reason(
        _("The text is too long; its end was cut off"),
        _("Shorten it if the end matters."),
    ),
    "due_date_missing": Reason(
        _("The due date is missing"),
        _("Fill in the day on which the premium is due."),
        fatal=True,
    ),
    "amount_missing": Reason(
        _("The amount is empty; the known premium stays"),
        _("Fill in the amount and import the file again."),
    ),
    "failure_unknown": Reason(
        _("The reason of the failure is not known; taken as another reason"),
        _("Ask the bank what it means, or leave it."),
    ),
    "figure_invalid": Reason(
        _("This is not an amount; it was left out"),
        _("Write it as a plain number such as 1200.00."),
    ),
    "case_number_missing": Reason(
        _("The number of the case is missing"),
        _("Fill it in; without it the case cannot be found again."),
        fatal=True,
    ),
    "record_date_missing": Reason(
        _("The date is missing"),
        _("Fill in the day; without it the line cannot be told from others of the policy."),
        fatal=True,
    ),
    "policy_unknown": Reason(
        _("No policy has this number"),
        _("Import the policy book first, then these rows again."),
        fatal=True,
    ),
    "policy_not_paying": Reason(
        _("The policy has ended, or pays no regular premium"),
        _("Compare the policy's status and premium mode with the insurer's."),
        fatal=True,
    ),
    "holder_differs": Reason(
        _("The policyholder is known by another name; phones and address were left out"),
        _("Compare the name with the policy."),
    ),
    "premium_paid_already": Reason(
        _("This premium is booked as paid; it stays paid"),
        _("Take the booking back on the policy's page if the insurer is right."),
    ),
    "line_repeated": Reason(
        _("The line stands in the file more than once; it counts once"),
        _("Remove the rows that are repeated."),
    ),
    "debit_missing": Reason(
        _("The amount is missing"),
        _("Fill in the amount of the debit."),
        fatal=True,
    ),
    "debit_invalid": Reason(
        _("This is no amount that a bank collects"),
        _("Write the amount as a plain number above zero such as 1200.00."),
        fatal=True,
    ),
    "return_date_missing": Reason(
        _("The return date is missing"),
        _("Fill in the day of the bank's answer."),
        fatal=True,
    ),
    "answer_missing": Reason(
        _("The bank's answer is missing"),
        _("Fill in whether the debit was collected, or why not."),
        fatal=True,
    ),
    "answer_unknown": Reason(
        _("It cannot be told whether the bank collected or not"),
        _("Write “collected”, or the reason of the failure."),
        fatal=True,
    ),
    "paid_out": Reason(
        _("This line pays out; only collected premiums are booked"),
        _("Nothing is to be done, unless the fee type is wrong."),
        fatal=True,
    ),
    "line_waits": Reason(
        _("No policy or premium fits this line; it waits for a person"),
        _("Choose the premium on the page of bank returns."),
    ),
    "policy_number_repeated": Reason(
        _("The policy stands in the file more than once; the last row was taken"),
        _("Remove the rows that are out of date."),
    ),
}


class Note(NamedTuple):
    """What is worth knowing of a file beside its rows; `details` are plain values."""

    code: str
    details: dict[str, str | int] = {}
    kind: str = ""  # of the list that it is about; "": of all

    @property
    def words(self) -> str:
        return str(NOTES[self.code]) % self.details


NOTES = {
    "hidden_sheet": _("The sheet “%(sheet)s” is hidden; it was not read."),
    "sheet_unread": _(
        "The sheet “%(sheet)s” holds no list that is known by its headings; it was not read."
    ),
    "columns_unread": _(
        "These columns were not read, since nobody has said what they are: %(columns)s. Upload such a list"
        " on the page Import and say so once; it is remembered."
    ),
    "hidden_rows": _("Hidden rows in the sheet “%(sheet)s”: %(rows)s. They were read, too."),
    "unit": _("The file says that its amounts are in %(unit)s元; they were read so."),
    "rounded": _(
        "All long numbers under “%(column)s” end in zeros, as a spreadsheet leaves them that has rounded"
        " them. Compare some with the source before you import."
    ),
    "ids_rounded": _(
        "%(wrong)s false ID numbers end in 000, as a spreadsheet leaves them that has rounded them;"
        " %(right)s more end so, and their check digit fits. Compare those with the source."
    ),
    "twins": _(
        "“%(column)s” stands over several columns that differ; the first was read. Choose on the page of"
        " columns if another one is meant."
    ),
    "healed": _("%(column)s: “%(was)s” was read as “%(now)s”"),
}
TIDIED = "healed"


class Refusal(Exception):  # noqa: N818 - the file is refused; the program is not in error
    """A file that cannot be read, and why in one sentence; nothing of it was taken."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        return str(REFUSALS[self.code]) % self.details

    def __reduce__(self) -> tuple[object, ...]:
        return (_refusal, (self.code, self.details))


def _refusal(code: str, details: dict[str, object]) -> Refusal:
    return Refusal(code, **details)


REFUSALS = {
    "empty": _("The file is empty."),
    "too_large": _("The file is larger than %(limit)s MB; split it and import the parts."),
    "wrong_type": _(
        "The file is named %(suffix)s but is %(found)s inside; save it again as .xlsx or .csv."
    ),
    "unknown_type": _("Only .xlsx, .xls, .csv and .tsv files can be imported."),
    "link": _("This is a link or a device, no file; put the file itself into the folder."),
    "encrypted": _("The workbook is protected by a password; save it without one."),
    "macros": _("The workbook contains macros; save it as .xlsx without them."),
    "damaged": _("The file is damaged and cannot be read; save it again as .xlsx or .csv."),
    "unpacks_too_large": _(
        "The workbook unpacks to far more than a policy book holds; it was not opened."
    ),
    "unsafe_xml": _("The workbook contains XML that no spreadsheet writes."),
    "too_wide": _(
        "Cell %(cell)s lies outside the first 256 columns and 1,048,576 rows; delete what is there."
    ),
    "invalid_bytes": _(
        "Line %(line)s holds bytes that are not %(encoding)s; save the file again as UTF-8."
    ),
    "unknown_encoding": _(
        "The file is written neither in UTF-8 nor in GB18030; save it again as UTF-8 or as .xlsx."
    ),
    "unclosed_quote": _("From line %(line)s a quotation mark is not closed; save the file again."),
    "no_headings": _(
        "No row of headings was found in the first 20 rows; a policy book has columns such as"
        " policy number, policyholder and premium."
    ),
    "columns_missing": _("This is not a policy book: there is no column for %(columns)s."),
    "list_columns_missing": _(
        "This looks like a list of the kind “%(list)s”, but there is no column for %(columns)s."
    ),
    "cut_off": _("The file breaks off in row %(row)s; fetch it again. Nothing of it was taken."),
    "control_total": _(
        "The file says %(said)s, but its lines come to %(found)s; nothing of it was taken."
    ),
    "other_branch": _(
        "The file is of the branch %(branch)s, and ours is %(ours)s; nothing was taken. If it is ours,"
        " an administrator adds it on the page of the bank returns; then import the file again."
    ),
    "too_much": _(
        "Reading the file takes more memory or time than allowed; split it and import the parts."
    ),
}
