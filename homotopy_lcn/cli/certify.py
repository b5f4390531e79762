"""The command ``certify``."""

from __future__ import annotations

from typing import Annotated

from ..errors import InputError
from .common import DONE, NOT_COMPLETE, Json, Quiet, check_output, complain, print_text, read_result, write
from .declarations import Argument, Option
from .option_names import in_options, messages_final, other_names

__all__ = ["certify"]


def certify(
    file: Annotated[str, Argument(metavar="FILE.json", help="A result of solve; with --check, a certificate.")],
    output: Annotated[
        str | None,
        Option("-o", "--output", metavar="CERT.json", help="Write the certificate there.", show_default=False),
    ] = None,
    digits: Annotated[
        int | None,
        Option(min=1, max=1000, metavar="N", help="Print the filters to N digits, all proved.", show_default=False),
    ] = None,
    data: Annotated[
        str | None,
        Option(
            metavar="FILE.npz",
            help="Arrays X and Y of the result: prove it for their exact Gram matrix.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[bool, Option("--check", help="Verify a certificate, from its data and boxes alone.")] = False,
    json_path: Json = None,
    quiet: Quiet = False,
    jobs: Annotated[int, Option(min=1, metavar="N", help="Number of processes.")] = 1,
) -> int:
    """Prove every point of a result, and that there are no others.

    With --check, verify such a certificate. Exit codes: 0 everything is proved, 2 unusable input, 3 something is not.
    """
    if check:
        for option, given in (("-o/--output", output), ("--digits", digits), ("--data", data), ("--json", json_path)):
            if given is not None:
                raise InputError(f"{option}: given with --check; expected --check alone, which only verifies")
        return _check_certificate(file, quiet, jobs)
    for option, path in (("-o/--output", output), ("--json", json_path)):
        check_output(path, option)

    result = read_result(file)
    samples = None
    if data is not None:
        from ..losses.sources import samples_from_file

        samples = samples_from_file(data, result.architecture)

    from ..certification.certificates import certificate

    proofs = certificate(result, digits=digits, samples=samples, jobs=jobs)
    if output is not None:
        from ..certification.certificate_file import to_text

        write(output, to_text(proofs), "-o/--output")
    if json_path is not None:
        write(json_path, proofs.result.to_json() or "")
    if not quiet and "-" not in (output, json_path):
        print_text(in_options(f"{proofs}\n", other_names("certify")))
        for row, point in enumerate(proofs.result):
            if digits is not None and point.certified:
                numbers = proofs.decimals(row, digits)
                values = "\n".join(f"  {re}" if point.real else f"  {re}  {im} i" for re, im in numbers)
                print_text(f"filter of point {row}:\n{values}\n")
    return DONE if proofs.complete else NOT_COMPLETE


def _check_certificate(path: str, quiet: bool, jobs: int) -> int:
    from ..certification.certificate_file import check as verify
    from ..certification.completeness import describe_statement

    with messages_final():
        outcome = verify(path, jobs=jobs)
    for failure in outcome.failures:
        complain(f"{path}: {failure}")
    if outcome.statement is None:
        return NOT_COMPLETE
    if not quiet:
        lines = [f"{outcome.points} points verified", *outcome.describe_subject()]
        lines += describe_statement(outcome.statement)
        if outcome.least_loss is not None:
            lines.append(f"global minimum: {outcome.least_loss}")
        print_text("\n".join(lines) + "\n")
    return DONE if outcome.statement.complete else NOT_COMPLETE
