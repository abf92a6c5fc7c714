//! Currencies by ISO 4217, and how many decimals their amounts have.

/// A currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Currency {
    /// Three capital letters.
    pub(super) code: &'static str,
    /// Digits behind the point of an amount.
    pub(super) decimals: u8,
}

/// Without decimals.
const NONE: &str = "BIF BYR CLF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XAG XAU XBA XBB XBC XBD XDR XFU XOF XPD XPF \
    XPT XTS XXX";
const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
const TWO: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF \
    CHW CNH CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EEK EGP ERN ETB EUR FJD FKP GBP GEL GGP GHS GIP GMD GTQ GYD HKD HNL HRK HTG \
    HUF IDR ILS IMP INR IRR JEP JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL LTL LVL MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR \
    MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB RUR SAR SBD SCR SDG SEK SGD SHP SKK SLE SLL \
    SOS SRD SSP STD STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN USS UYU UZS VED VEF VES WST XCD XSU XUA YER ZAR ZMK \
    ZMW ZWL";

impl Currency {
    /// The currency of a code, which is in capitals.
    pub(super) fn named(code: &str) -> Option<Self> {
        let within = |list: &'static str| list.split_ascii_whitespace().find(|known| *known == code);
        let decimals = [(TWO, 2), (NONE, 0), (THREE, 3)];
        decimals.into_iter().find_map(|(list, decimals)| within(list).map(|code| Self { code, decimals }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_their_decimals() {
        let check = |code: &str, expect: Option<u8>| {
            assert_eq!(Currency::named(code).map(|currency| currency.decimals), expect, "{code}");
        };
        check("EUR", Some(2));
        check("JPY", Some(0));
        check("KWD", Some(3));
        for unknown in ["RUP", "eur", "", "EU", "EUR USD"] {
            check(unknown, None);
        }
    }
}
