//! Brands and classes of Android devices, by how their makers number them.

use super::finding::{Finding, UNKNOWN, branded, named};

/// How a model begins, the brand, and whether that beginning is the brand's name, which is said once.
const BEGINNINGS: [(&str, &str); 36] = [
    ("SAMSUNG ", "Samsung"),
    ("SM-", "Samsung"),
    ("GT-", "Samsung"),
    ("SCH-", "Samsung"),
    ("SGH-", "Samsung"),
    ("SHV-", "Samsung"),
    ("Galaxy", "Samsung"),
    ("Pixel", "Google"),
    ("Nexus", "Google"),
    ("Redmi", "Xiaomi"),
    ("POCO", "Xiaomi"),
    ("POCOPHONE", "Xiaomi"),
    ("Mi ", "Xiaomi"),
    ("MI ", "Xiaomi"),
    ("Xiaomi", "Xiaomi"),
    ("moto ", "Motorola"),
    ("Moto ", "Motorola"),
    ("motorola", "Motorola"),
    ("XT1", "Motorola"),
    ("ONEPLUS", "Oneplus"),
    ("HUAWEI", "Huawei"),
    ("HONOR", "Honor"),
    ("Nokia", "Nokia"),
    ("vivo", "Vivo"),
    ("CPH", "Oppo"),
    ("OPPO", "Oppo"),
    ("LM-", "LG"),
    ("LG-", "LG"),
    ("XQ-", "Sony"),
    ("ASUS", "Asus"),
    ("TECNO", "Tecno"),
    ("Infinix", "Infinix"),
    ("Fairphone", "Fairphone"),
    ("Lenovo", "Lenovo"),
    ("HTC", "HTC"),
    ("itel", "Itel"),
];

/// Tablets that call themselves phones.
const TABLETS: [&str; 5] = ["GT-P", "SM-T", "SM-X", "SM-P", "Lenovo TB"];

/// Amazon's devices: the model, the class, the name, and the version of their system.
const AMAZON: [(&str, &str, &str, &str); 8] = [
    ("AFTMM", "Set-top box", "Fire TV Stick 4K-1ST GEN (2018)", "6"),
    ("AFTN", "Set-top box", "Fire TV-3RD GEN (2017)", "6"),
    ("AFTT", "Set-top box", "Fire TV Stick-2ND GEN (2016)", "5"),
    ("AFTB", "Set-top box", "Fire TV-1ST GEN (2014)", "5"),
    ("KFMAWI", "Tablet", "Fire HD 10 (9TH GEN-2019)", "7"),
    ("KFKAWI", "Tablet", "Fire HD 8 (8TH GEN-2018)", "6"),
    ("KFONWI", "Tablet", "Fire HD 8 (10TH GEN-2020)", "7"),
    ("KFTRWI", "Tablet", "Fire HD 10 (11TH GEN-2021)", "7"),
];

/// Sets the device of a model.
pub(super) fn find(model: &str, class: &str, found: &mut Finding) {
    if let Some((_, class, name, system)) = AMAZON.iter().find(|(other, ..)| *other == model) {
        found.device(class, "Amazon", format!("Amazon {name}"));
        "FireOS".clone_into(&mut found.system.name);
        if !found.has("operatingSystemVersionBuild") {
            (*system).clone_into(&mut found.system.version);
        }
        return;
    }
    if model.starts_with("BRAVIA") {
        found.device("TV", "Sony", branded("Sony", model));
        "Embedded".clone_into(&mut found.system.class);
        return;
    }
    let brand = brand(model);
    let model = model.strip_prefix("SAMSUNG ").or_else(|| model.strip_prefix("motorola ")).unwrap_or(model);
    let is_tablet = TABLETS.iter().any(|front| model.starts_with(front));
    let class = if is_tablet && class == "Phone" { "Tablet" } else { class };
    match brand {
        Some(brand) => found.device(class, brand, branded(brand, model)),
        None => found.device(class, UNKNOWN, named(model)),
    }
}

fn brand(model: &str) -> Option<&'static str> {
    if let Some((_, brand)) = BEGINNINGS.iter().find(|(front, _)| model.starts_with(front)) {
        return Some(brand);
    }
    let bytes = model.as_bytes();
    let is_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    match bytes {
        // M2101K6G: year, month, and a letter with a digit.
        [b'M', rest @ ..] if rest.len() >= 6 && is_digits(&rest[..4]) && rest[4].is_ascii_uppercase() => {
            Some("Xiaomi")
        }
        // H8324
        [b'C'..=b'J', rest @ ..] if rest.len() == 4 && is_digits(rest) => Some("Sony"),
        _ => is_huawei(model).then_some("Huawei"),
    }
}

/// `VOG-L29`, `ANE-LX1`, `AGS2-W09`, `ELS-NX9`
fn is_huawei(model: &str) -> bool {
    let Some((front, back)) = model.split_once('-') else { return false };
    let is_front = matches!(front.len(), 3 | 4)
        && front.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && front.starts_with(|c: char| c.is_ascii_uppercase());
    let mut back = back.chars();
    is_front
        && back.next().is_some_and(|c| "LNWATU".contains(c))
        && back.next().is_some_and(|c| c.is_ascii_digit() || c == 'X')
        && back.next().is_some_and(|c| c.is_ascii_digit())
}
