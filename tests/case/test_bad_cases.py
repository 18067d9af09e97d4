"""Every mistake a user can make in a case file gets one clear error, at its place."""

import pytest

from capexpand.case.loading import load_case


def test_the_good_case_has_no_problem(write_case):
    assert load_case(write_case()).title == "Small"


ONE_MISTAKE = {
    "an unknown field": (
        {"    grid: 80 MW": "    gird: 80 MW"},
        "31:5",
        "sites.east.gird",
        "unknown field; did you mean grid?",
    ),
    "an unknown field at the top": (
        {"title: Small": "title: Small\nsitez: 5"},
        "2:1",
        "sitez",
        "unknown field; did you mean sites?",
    ),
    "an unknown field like no other": (
        {"title: Small": "title: Small\nxyzzy: 5"},
        "2:1",
        "xyzzy",
        "unknown field",
    ),
    "a name that is reserved": (
        {"  boom:": "  all:"},
        "65:3",
        "variants.all",
        "'all' is the row of a sum in the tables; choose another name",
    ),
    "an escape sequence in a title": (
        {"title: Server": 'title: "\\e[31mServer"'},
        "42:5",
        "offers.h20.title",
        "holds the character U+001B, which cannot be printed; leave it out",
    ),
    "a growth beyond all bounds": (
        {"demand: 2 tn token/day": "demand: {value: 2 tn token/day, growth: 1e100 %/year}"},
        "57:37",
        "workloads.chat.demand.growth",
        "'1e100 %/year' is too large to plan with",
    ),
    "a growth that overflows in time": (
        {"demand: 2 tn token/day": "demand: {value: 2 tn token/day, growth: 1e15 %/year}"},
        "57:5",
        "workloads.chat.demand",
        "grows too large to plan with by 2026Q3; check its growth and changes",
    ),
    "a missing field": ({"    grid: 80 MW\n": ""}, "28:3", "sites.east.grid", "is missing"),
    "a missing unit": ({"grid: 80 MW": "grid: 80"}, "31:5", "sites.east.grid", 'needs a unit, e.g. "80 MW"'),
    "a wrong dimension": (
        {"grid: 80 MW": "grid: 80 USD"},
        "31:5",
        "sites.east.grid",
        "'80 USD' is not convertible to MW",
    ),
    "an unknown unit": (
        {"0.45 CNY/kWh": "0.45 RMB/kWh"},
        "33:5",
        "sites.east.energy_price",
        "'0.45 RMB/kWh': unknown unit 'RMB'; did you mean CNY?",
    ),
    "a negative lead time": (
        {"lead_time: 9 months": "lead_time: -9 months"},
        "37:7",
        "sites.east.build.lead_time",
        "'-9 months' is negative; a duration cannot be",
    ),
    "a deposit of more than everything": (
        {"      deposit: 30 %\n": "      deposit: 130 %\n"},
        "38:7",
        "sites.east.build.deposit",
        "'130 %' is too high; a share is at most 1",
    ),
    "a PUE below one": (
        {"power_usage_effectiveness: 1.3": "power_usage_effectiveness: 0.9"},
        "32:5",
        "sites.east.power_usage_effectiveness",
        "'0.9' is too low; power usage effectiveness is at least 1",
    ),
    "an offer that does not exist": (
        {"      h20: 12000 token/s": "      h21: 12000 token/s"},
        "61:7",
        "workloads.chat.throughput.h21",
        "there is no offer 'h21'; did you mean h20?",
    ),
    "an installed offer that does not exist": (
        {"{h20: 10}": "{b300: 10}"},
        "26:19",
        "opening.sites.east.installed.b300",
        "there is no offer 'b300'; there are h20",
    ),
    "an opening site that does not exist": (
        {"opening:\n  sites:\n": "opening:\n  sites:\n    wset: {power: 1 MW}\n"},
        "24:5",
        "opening.sites.wset",
        "there is no site 'wset'; there are east",
    ),
    "an excluded site that does not exist": (
        {"    max_latency: 50 ms": "    excluded_sites: [est]\n    max_latency: 50 ms"},
        "62:22",
        "workloads.chat.excluded_sites.0",
        "there is no site 'est'; did you mean east?",
    ),
    "a destination without a site": (
        {"CN: {limit": "SG: {limit"},
        "51:7",
        "offers.h20.supply.SG",
        "no site is in 'SG'; there are CN",
    ),
    "a fact that became known later": (
        {"price: 150000 USD": "price: {catalogue: accelerators, row: H20 96GB, field: unit_price_usd}"},
        "49:11",
        "offers.h20.buy.price",
        "unit_price_usd of H20 96GB became known on 2026-07-09, after 2025-03-31",
    ),
    "half a reference": (
        {"power: 8 kW": "power: {catalogue: accelerators}"},
        "45:5",
        "offers.h20.power",
        (
            "a reference needs catalogue, row and field, as in {catalogue: accelerators, row: "
            "H20 96GB, field: unit_price_usd}"
        ),
    ),
    "a date twice": (
        {"grid: 80 MW": "grid: {2025-04-01: 80 MW, 2025-04-01: 90 MW}"},
        "31:31",
        "",
        "'2025-04-01' stands twice, first in line 31",
    ),
    "an offer that ends before it begins": (
        {"title: Server": "title: Server\n    available_from: 2025-10-01\n    available_until: 2025-07-01"},
        "44:5",
        "offers.h20.available_until",
        "2025-07-01 is not after available_from, 2025-10-01",
    ),
    "a date that does not exist": (
        {"as_of: 2025-03-31": "as_of: 2025-02-30"},
        "2:1",
        "as_of",
        "'2025-02-30' is not a date: day is out of range for month",
    ),
    "a date written otherwise": (
        {"as_of: 2025-03-31": "as_of: 31.3.2025"},
        "2:1",
        "as_of",
        "'31.3.2025' is not a date; write it as 2025-04-01",
    ),
    "a step with a date written otherwise": (
        {"grid: 80 MW": "grid: {2025-4-1: 80 MW}"},
        "31:12",
        "sites.east.grid.2025-4-1",
        "'2025-4-1' is not a date; write it as 2025-04-01",
    ),
    "NaN": (
        {"cap: 2 bn CNY": "cap: .nan"},
        "20:3",
        "programme.cap",
        "'NaN' is not a finite number; write one such as \"380 bn CNY\"",
    ),
    "NaN with a unit": (
        {"cap: 2 bn CNY": "cap: nan bn CNY"},
        "20:3",
        "programme.cap",
        "'nan bn CNY' is not a finite number; write one such as \"380 bn CNY\"",
    ),
    "infinity": (
        {"power_usage_effectiveness: 1.3": "power_usage_effectiveness: .inf"},
        "32:5",
        "sites.east.power_usage_effectiveness",
        "'inf' is not a finite number; write one such as \"1.25\"",
    ),
    "a budget of zero": (
        {"cap: 2 bn CNY": "cap: 0 CNY"},
        "20:3",
        "programme.cap",
        "a budget of zero buys nothing; leave cap out for no limit",
    ),
    "a floor above the cap": (
        {"cap: 2 bn CNY": "cap: 2 bn CNY\n  floor: 3 bn CNY"},
        "21:3",
        "programme.floor",
        "3 bn CNY is more than the cap, 2 bn CNY",
    ),
    "a cumulative cap that falls": (
        {"cap: 2 bn CNY": "cap_by_date: {2025-07-01: 2 bn CNY, 2025-10-01: 1 bn CNY}"},
        "20:39",
        "programme.cap_by_date.2025-10-01",
        "1 bn CNY is less than allowed before; amounts count from the window's start",
    ),
    "a cap outside the window": (
        {"cap: 2 bn CNY": "cap_by_date: {2029-07-01: 2 bn CNY}"},
        "20:17",
        "programme.cap_by_date.2029-07-01",
        "2029-07-01 is outside the spending window",
    ),
    "a site where nothing can be built": (
        {
            (
                "    build:\n      cost: 40 mn CNY/MW\n      lead_time: 9 months\n      deposit: 30 "
                "%\n      maintenance: 80 CNY/kW/month\n"
            ): "",
            "      power: 4 MW\n      installed: {h20: 10}": "      power: 0 MW",
        },
        "27:3",
        "sites.east",
        "is a site without power; it needs build, colocate or power in the opening",
    ),
    "a site whose grid gives nothing": (
        {"grid: 80 MW": "grid: {2031-01-01: 80 MW}"},
        "31:5",
        "sites.east.grid",
        "is a site without power: the grid gives nothing in any quarter",
    ),
    "a calendar that starts in the middle": (
        {"{start: 2025-04-01": "{start: 2025-05-01", "window_start: 2025-04-01": "window_start: 2025-07-01"},
        "5:12",
        "calendar.start",
        "2025-05-01 is not the first day of a quarter, such as 2025-04-01",
    ),
    "a case that knows its own future": (
        {"as_of: 2025-03-31": "as_of: 2025-06-30"},
        "2:1",
        "as_of",
        "2025-06-30 is after the calendar's start, 2025-04-01",
    ),
    "a window that starts in the middle": (
        {"window_start: 2025-04-01": "window_start: 2025-05-01"},
        "18:3",
        "programme.window_start",
        "2025-05-01 is not the first day of a quarter, such as 2025-04-01",
    ),
    "a window before the calendar": (
        {"window_start: 2025-04-01": "window_start: 2025-01-01"},
        "18:3",
        "programme.window_start",
        "2025-01-01 is before the calendar's start",
    ),
    "a window after the calendar": (
        {"window_quarters: 4": "window_quarters: 9"},
        "19:3",
        "programme.window_quarters",
        "the spending window ends after the calendar, which ends before 2027-04-01",
    ),
    "power due outside the calendar": (
        {"power: 4 MW\n": "power: 4 MW\n      power_due: {2031-01-01: 1 MW}\n"},
        "26:19",
        "opening.sites.east.power_due.2031-01-01",
        "2031-01-01 is outside the calendar, 2025-04-01 to 2027-03-31",
    ),
    "a book value without a life": (
        {"opening:\n": "opening:\n  book_value: 5 bn CNY\n"},
        "23:3",
        "opening.book_value",
        "needs book_life, over which it is written off",
    ),
    "a price without an exchange rate": (
        {"USD: 7.25 CNY/USD": "EUR: 8 CNY/EUR"},
        "49:11",
        "offers.h20.buy.price",
        "there is no exchange rate for USD; add CNY/USD under exchange_rates",
    ),
    "an exchange rate the wrong way round": (
        {"USD: 7.25 CNY/USD": "USD: 0.14 USD/CNY"},
        "7:3",
        "exchange_rates.USD",
        "is in USD/CNY; write how many CNY a USD is: CNY/USD",
    ),
    "a currency that does not exist": (
        {"currency: CNY": "currency: XQZ"},
        "3:1",
        "currency",
        "there is no currency 'XQZ'; it is a code of ISO 4217, such as CNY",
    ),
    "a currency in words": (
        {"currency: CNY": "currency: yuan"},
        "3:1",
        "currency",
        "'yuan' is not the code of a currency, such as CNY",
    ),
    "a demand in another unit than the workload": (
        {
            "demand: 2 tn token/day": "demand: 5 accelerator_hour/day",
            "workloads.chat.demand: 4 tn": "workloads.chat.demand: 3 tn",
        },
        "57:5",
        "workloads.chat.demand",
        "is in mn accelerator_hour/quarter, but the workload's unit is token",
    ),
    "a price in another unit than the workload": (
        {"1.2 CNY/Mtoken": "1.2 CNY/accelerator_hour"},
        "58:5",
        "workloads.chat.price",
        "is in mn CNY/mn accelerator_hour, but the workload's unit is token",
    ),
    "a throughput in another unit than the workload": (
        {"12000 token/s": "3e14 FLOP/s"},
        "61:7",
        "workloads.chat.throughput.h20",
        "is in ZFLOP/quarter, but the workload's unit is token",
    ),
    "tranches that are not the whole": (
        {
            "usable_share: 50 %": (
                "usable_share: 1\n    tranches: [{share: 50 %, price: 1}, {share: 40 %, price: 1}]"
            )
        },
        "60:5",
        "workloads.chat.tranches",
        "the shares sum to 0.9, not to 1",
    ),
    "a service without a price": (
        {"    price: 1.2 CNY/Mtoken\n": ""},
        "53:3",
        "workloads.chat",
        "is external and needs a price",
    ),
    "a role that does not exist": (
        {"role: external": "role: extern"},
        "55:5",
        "workloads.chat.role",
        "'extern' is none of external, internal, obligation; did you mean external?",
    ),
    "a workload that nothing serves": (
        {"throughput:\n      h20: 12000 token/s": "throughput: {}"},
        "60:5",
        "workloads.chat.throughput",
        "names no offer, so nothing can serve this workload",
    ),
    "an offer that cannot be had": (
        {"    buy: {price: 150000 USD, deposit: 30 %}\n": "", "      installed: {h20: 10}\n": ""},
        "40:3",
        "offers.h20",
        "can be neither bought nor leased, and stands nowhere; add buy or lease",
    ),
    "a site without the latency that a workload limits": (
        {"    latency: 30 ms\n": ""},
        "28:3",
        "sites.east",
        "needs its latency, since workload chat has a limit",
    ),
    "an offer without the memory that a workload needs": (
        {"    memory: 768 GB\n": ""},
        "41:3",
        "offers.h20",
        "needs its memory, since workload chat has a minimum",
    ),
    "whole sizes without the size of a hall": (
        {
            "title: Small": "title: Small\nsolve: {whole_sizes: true}",
            "    accelerators: 8": "    accelerators: 8\n    lot: 8",
        },
        "36:5",
        "sites.east.build",
        "whole sizes need the size of a hall; add hall, e.g. 10 MW",
    ),
    "whole sizes without a lot": (
        {
            "title: Small": "title: Small\nsolve: {whole_sizes: true}",
            "      deposit: 30 %\n": "      deposit: 30 %\n      hall: 10 MW\n",
        },
        "43:3",
        "offers.h20",
        "whole sizes need the number of units in a lot; add lot, e.g. 8",
    ),
    "a price that starts too late": (
        {"1.2 CNY/Mtoken": "{2025-07-01: 1.2 CNY/Mtoken}"},
        "58:5",
        "workloads.chat.price",
        "says nothing before 2025-07-01, but the calendar starts on 2025-04-01",
    ),
    "growth without its time": (
        {"price: 1.2 CNY/Mtoken": "price: {value: 1.2 CNY/Mtoken, growth: -20 %}"},
        "58:36",
        "workloads.chat.price.growth",
        "'-20 %' is not convertible to 1/year; write it as in \"-20 %/year\"",
    ),
    "growth per month": (
        {"price: 1.2 CNY/Mtoken": "price: {value: 1.2 CNY/Mtoken, growth: -2 %/month}"},
        "58:36",
        "workloads.chat.price.growth",
        "'-2 %/month' compounds; write growth per year",
    ),
    "a change of more than everything": (
        {"price: 1.2 CNY/Mtoken": "price: {value: 1.2 CNY/Mtoken, changes: {2025-07-01: -101 %}}"},
        "58:46",
        "workloads.chat.price.changes.2025-07-01",
        "'-101 %' is too low; a change is at least -1",
    ),
    "a change before the day of the value": (
        {"price: 1.2 CNY/Mtoken": "price: {value: 3 CNY/Mtoken, at: 2025-07-01, changes: {2025-07-01: 0}}"},
        "58:60",
        "workloads.chat.price.changes.2025-07-01",
        "is not after 2025-07-01, the day for which the value is given",
    ),
    "bounds the wrong way round": (
        {"price: 1.2 CNY/Mtoken": "price: {value: 3 CNY/Mtoken, minimum: 2 CNY/token, maximum: 1 CNY/token}"},
        "58:34",
        "workloads.chat.price.minimum",
        "is above maximum",
    ),
    "an unknown field of a number": (
        {"price: 1.2 CNY/Mtoken": "price: {value: 1.2 CNY/Mtoken, grwth: 5 %/year}"},
        "58:36",
        "workloads.chat.price.grwth",
        "unknown field; did you mean growth?",
    ),
    "two values for one number": (
        {"price: 1.2 CNY/Mtoken": "price: {value: 1.2 CNY/Mtoken, 2025-07-01: 3 CNY/Mtoken}"},
        "58:5",
        "workloads.chat.price",
        "has both value and values by date; keep one",
    ),
    "steps in two currencies": (
        {"price: 150000 USD": "price: {2025-04-01: 150000 USD, 2025-07-01: 1 mn CNY}"},
        "49:43",
        "offers.h20.buy.price.2025-07-01",
        "is in mn CNY, but the first is in mn USD; use one",
    ),
    "one number that changes by date": (
        {"latency: 30 ms": "latency: {2025-04-01: 30 ms}"},
        "34:5",
        "sites.east.latency",
        "is one number; it cannot change by date",
    ),
    "a truth where a number belongs": (
        {"grid: 80 MW": "grid: true"},
        "31:5",
        "sites.east.grid",
        'is not a number; write it as in "120 MW"',
    ),
    "a list where a block belongs": (
        {"supply:\n      CN: {limit: 500 units/quarter}": "supply: [CN]"},
        "50:5",
        "offers.h20.supply",
        "is a mapping of names to values",
    ),
    "a name with a space": (
        {"  boom:\n": "  big boom:\n"},
        "65:3",
        "variants.big boom",
        "'big boom' is not a name; use small letters, digits, - and _",
    ),
    "a variant that names no place": (
        {"workloads.chat.demand: 4": "workloads.chat.demnad: 4"},
        "67:11",
        "variants.boom.set.workloads.chat.demnad",
        "there is no 'demnad' here; did you mean demand?",
    ),
    "a variant that sets inside a text": (
        {"workloads.chat.demand: 4": "workloads.chat.title.short: 4"},
        "67:11",
        "variants.boom.set.workloads.chat.title.short",
        "'short' cannot be set inside 'Chat'",
    ),
}


@pytest.mark.parametrize(("replacements", "place", "path", "message"), ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_one_mistake_gives_one_error_at_its_place(
    write_case, problems_of, replacements, place, path, message
):
    expected = ": ".join(part for part in (f"case.yaml:{place}", path, message) if part)
    assert problems_of(write_case(replacements)) == [expected]


@pytest.mark.parametrize(
    ("replacements", "beginning"),
    [
        (
            {"power: 8 kW": "power: {catalogue: sites_costs, row: nowhere, field: value}"},
            "case.yaml:45:5: offers.h20.power: sites_costs has no row metric 'nowhere'",
        ),
        (
            {"power: 8 kW": "power: {catalogue: sites, row: pue, field: value}"},
            "case.yaml:45:5: offers.h20.power: ",
        ),
        (
            {"    accelerators: 8": "    accelerator: Zorp 9000\n    accelerators: 8"},
            "case.yaml:43:5: offers.h20.accelerator: the catalogue has no accelerator 'Zorp 9000'",
        ),
    ],
)
def test_what_the_catalogue_does_not_have_is_said_at_its_place(
    write_case, replacements, beginning, problems_of
):
    (found,) = problems_of(write_case(replacements))
    assert found.startswith(beginning)


def test_all_mistakes_are_shown_together_in_the_order_of_the_file(write_case, problems_of):
    file = write_case(
        {
            "as_of: 2025-03-31": "as_of: 2025-06-30",
            "cap: 2 bn CNY": "cap: 0 CNY",
            "grid: 80 MW": "grid: 80",
            "lead_time: 9 months": "lead_time: 9 MW",
            "      h20: 12000 token/s": "      h21: 12000 MW",
            "workloads.chat.demand: 4": "workloads.talk.demand: 4",
        }
    )
    assert problems_of(file) == [
        "case.yaml:2:1: as_of: 2025-06-30 is after the calendar's start, 2025-04-01",
        "case.yaml:20:3: programme.cap: a budget of zero buys nothing; leave cap out for no limit",
        'case.yaml:31:5: sites.east.grid: needs a unit, e.g. "80 MW"',
        "case.yaml:37:7: sites.east.build.lead_time: '9 MW' is not convertible to month",
        "case.yaml:61:7: workloads.chat.throughput.h21: '12000 MW' is not convertible to tn token/quarter",
        "case.yaml:61:7: workloads.chat.throughput.h21: there is no offer 'h21'; did you mean h20?",
        "case.yaml:67:11: variants.boom.set.workloads.talk.demand: there is no 'talk' here",
    ]
