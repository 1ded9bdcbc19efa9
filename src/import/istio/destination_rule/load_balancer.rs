use crate::import::field::{Field, Fields};
use crate::import::istio::destination_rule::locality;
use crate::import::istio::parts::{any_duration, deprecated, duration, one_of};
use crate::policy::Balance;
use std::collections::BTreeSet;

/// Reads a `loadBalancer` and gives what is used.
pub(super) fn convert(field: &Field<'_>, outliers: bool) -> Balance {
    let fields = field.fields(&[
        "simple",
        "consistentHash",
        "localityLbSetting",
        "zoneAware",
        "warmup",
        "warmupDurationSecs",
    ]);
    let mut balance = Balance::default();
    for (key, value) in one_of(&fields, &["simple", "consistentHash"]) {
        match key {
            "simple" => balance = simple(&value),
            _ => consistent_hash(&value),
        }
    }
    let setting = fields.get("localityLbSetting");
    if let Some(setting) = &setting {
        locality::check(setting, outliers);
    }
    if let Some(zones) = fields.get("zoneAware") {
        locality::check_zones(&zones);
        if setting.is_some() {
            let message = "it cannot stand beside `localityLbSetting`";
            zones.refused("invalid-value", message, "write one of the two");
        }
    }
    if let Some(warmup) = fields.get("warmup") {
        check_warmup(&warmup);
    }
    if let Some(old) = fields.get("warmupDurationSecs") {
        old.text();
        old.ignored(AT_ONCE);
        deprecated(&old, "warmup: { duration: … }");
    }
    balance
}

fn simple(field: &Field<'_>) -> Balance {
    let chosen = field.choice(&[
        ("UNSPECIFIED", Some(Balance::LeastRequest)),
        ("LEAST_CONN", Some(Balance::LeastRequest)),
        ("LEAST_REQUEST", Some(Balance::LeastRequest)),
        ("ROUND_ROBIN", Some(Balance::RoundRobin)),
        ("RANDOM", Some(Balance::Random)),
        ("PASSTHROUGH", None),
    ]);
    match chosen {
        Some(Some(balance)) => {
            if field.text() == Some("LEAST_CONN") {
                deprecated(field, "LEAST_REQUEST");
            }
            balance
        }
        Some(None) => {
            field.ignored("clients choose no endpoint themselves: least request is used");
            Balance::default()
        }
        None => Balance::default(),
    }
}

fn consistent_hash(field: &Field<'_>) {
    const KEYS: &[&str] = &[
        "httpHeaderName",
        "httpCookie",
        "useSourceIp",
        "httpQueryParameterName",
    ];
    let fields = field.fields(&[
        "httpHeaderName",
        "httpCookie",
        "useSourceIp",
        "httpQueryParameterName",
        "ringHash",
        "maglev",
        "minimumRingSize",
    ]);
    for (key, value) in one_of(&fields, KEYS) {
        match key {
            "httpCookie" => check_cookie(&value),
            "useSourceIp" => {
                value.boolean();
            }
            _ => {
                value.text();
            }
        }
    }
    let whole = |fields: &Fields<'_>, key| {
        fields
            .get(key)
            .and_then(|field| field.integer::<u64>(0, i128::from(u64::MAX)))
    };
    for (key, value) in one_of(&fields, &["ringHash", "maglev"]) {
        if key == "ringHash" {
            whole(&value.fields(&["minimumRingSize"]), "minimumRingSize");
            continue;
        }
        let inside = value.fields(&["tableSize"]);
        let Some(field) = inside.need("tableSize") else {
            continue;
        };
        if let Some(size) = field.integer::<u32>(0, i128::from(u32::MAX))
            && !(size < LARGEST_TABLE && is_prime(size))
        {
            let message = format!("{size} is no prime below {LARGEST_TABLE}");
            field.refused("invalid-value", message, "write 65537");
        }
    }
    let old = fields.get("minimumRingSize");
    if let Some(old) = old.filter(|_| whole(&fields, "minimumRingSize") != Some(0)) {
        deprecated(&old, "ringHash: { minimumRingSize: … }");
        if ["ringHash", "maglev"]
            .iter()
            .any(|key| fields.get(key).is_some())
        {
            let message = "the size of the ring is said in two places";
            old.refused("invalid-value", message, "take this one out");
        }
    }
    field.ignored("requests that are alike may go to different endpoints: least request is used");
}

fn check_cookie(field: &Field<'_>) {
    let fields = field.fields(&["name", "path", "ttl", "attributes"]);
    if let Some(name) = fields.need("name")
        && name.text() == Some("")
    {
        name.refused("invalid-value", "the cookie's name is empty", "write one");
    }
    if let Some(path) = fields.get("path") {
        path.text();
    }
    if let Some(ttl) = fields.get("ttl") {
        any_duration(&ttl);
    }
    let mut names = BTreeSet::new();
    for item in fields.get("attributes").iter().flat_map(Field::list) {
        let fields = item.fields(&["name", "value"]);
        if let Some(value) = fields.get("value") {
            value.text();
        }
        if let Some(name) = fields.need("name")
            && let Some(text) = name.text()
            && (text.is_empty() || !names.insert(text))
        {
            let message = "the attribute's name is empty, or there twice";
            name.refused("invalid-value", message, "write another");
        }
    }
}

fn check_warmup(field: &Field<'_>) {
    let fields = field.fields(&["duration", "minimumPercent", "aggression"]);
    if let Some(time) = fields.need("duration") {
        duration(&time);
    }
    if let Some(percent) = fields.get("minimumPercent") {
        within(&percent, 0.0, 100.0);
    }
    if let Some(aggression) = fields.get("aggression") {
        within(&aggression, f64::MIN_POSITIVE, f64::MAX);
    }
    field.ignored(AT_ONCE);
}

/// A number that may be written alone or as `{value: 1}`.
fn within(field: &Field<'_>, least: f64, most: f64) {
    let value = match field.is_mapping() {
        true => field.fields(&["value"]).get("value"),
        false => Some(field.clone()),
    };
    if let Some(value) = value
        && let Some(number) = value.float()
        && !(least..=most).contains(&number)
    {
        let advice = match most {
            100.0 => "write 0 to 100",
            _ => "write more than 0",
        };
        value.refused("out-of-range", format!("{number} is out of range"), advice);
    }
}

fn is_prime(number: u32) -> bool {
    let mut divisors = (2u32..).take_while(|divisor| divisor * divisor <= number);
    number > 1 && divisors.all(|divisor| !number.is_multiple_of(divisor))
}

const AT_ONCE: &str = "new endpoints get their full share at once";
const LARGEST_TABLE: u32 = 5_000_011;
