"""Small pages written by hand, one for each reader, with what a reader must find in them."""

from dataclasses import dataclass

MEDPATH = """MedPath

Sunlight and vitamin D vs. vitamin D in tired developers: an open label randomised trial

Phase 2/3
Recruiting
Conditions
Fatigue
Registration Number
NCT01234567
Lead Sponsor
University of Somewhere
Brief Summary

Does sunlight help?

Detailed Description

Not available

Recruitment & Eligibility

Status
Recruiting
Sex
All
Target Recruitment
1,200
Inclusion Criteria

Adults aged 18 to 65 years

One of: - tired, - very tired

Exclusion Criteria

Treatment within 4 weeks. Exceptions to the above: • Stable when meeting all of the following: o low o long • Topical

Study & Design

Study Type
Interventional
Study Design
Not specified
Primary Outcome Measures
NameTimeMethod
Fatigue at 6 months, measured by 'tiredness scale'

Fatigue at 6 months, measured by 'tiredness scale'

Secondary Outcome Measures
NameTimeMethod
Sleep

Sleep

Sleep

Sleep

Trial Locations

Locations (1)

Somewhere Hospital

🇳🇱

Utrecht, Netherlands

Somewhere Hospital
🇳🇱Utrecht, Netherlands
Jane Nobody, MD
+31 30 000 00 00
nobody@example.org

MedPath
"""


@dataclass(frozen=True)
class Page:
    reader: str
    text: str
    title: str
    identifier: str
    enrolment: int
    persons: tuple[str, ...]


PAGES = (
    Page(
        "medpath",
        MEDPATH,
        "Sunlight and vitamin D vs. vitamin D in tired developers: an open label randomised trial",
        "NCT01234567",
        1200,
        ("Jane", "Nobody", "+31", "@"),
    ),
)

SAVED = {"medpath": ("trial/register/medpath_2024-516057-42-00.txt",)}
"""Real pages in the shared folder, by reader."""
