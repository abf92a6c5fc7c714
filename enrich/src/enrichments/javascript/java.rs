//! What classes of Java that scripts of the original use do natively: hashes, Base64, the encoding of forms.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};
use rquickjs::{Ctx, Exception, Function, Object};

use super::super::digest::Hash;
use crate::java::{form_decoder, text::form_encoded};

/// Puts the functions into `native`.
///
/// # Errors
/// There is no memory.
pub(super) fn offer<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> rquickjs::Result<()> {
    let set = |name: &str, function: Function<'js>| native.set(name, function);
    set("utf8", Function::new(ctx.clone(), |text: String| text.into_bytes())?)?;
    set("text", Function::new(ctx.clone(), |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned())?)?;
    set(
        "hex",
        Function::new(ctx.clone(), |ctx: Ctx<'_>, algorithm: String, bytes: Vec<u8>| {
            let hash = hash(&algorithm).ok_or_else(|| {
                Exception::throw_message(&ctx, &format!("{algorithm} MessageDigest not available"))
            })?;
            Ok::<_, rquickjs::Error>(hash.hex(std::iter::once(bytes.as_slice())))
        })?,
    )?;
    set(
        "toBase64",
        Function::new(ctx.clone(), |bytes: Vec<u8>, url: bool, pad: bool| {
            let engine = match (url, pad) {
                (false, true) => general_purpose::STANDARD,
                (false, false) => general_purpose::STANDARD_NO_PAD,
                (true, true) => general_purpose::URL_SAFE,
                (true, false) => general_purpose::URL_SAFE_NO_PAD,
            };
            engine.encode(bytes)
        })?,
    )?;
    set(
        "fromBase64",
        Function::new(ctx.clone(), |ctx: Ctx<'_>, text: String| {
            decoded(&text).map_err(|why| Exception::throw_message(&ctx, &why))
        })?,
    )?;
    set("urlEncode", Function::new(ctx.clone(), |text: String| form_encoded(&text))?)?;
    set(
        "urlDecode",
        Function::new(ctx.clone(), |ctx: Ctx<'_>, text: String| {
            form_decoder::decode(&text).map_err(|why| Exception::throw_message(&ctx, &why))
        })?,
    )
}

/// Either alphabet, padded or not.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn decoded(text: &str) -> Result<Vec<u8>, String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
    let plain: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    engine.decode(plain).map_err(|error| error.to_string())
}

fn hash(name: &str) -> Option<Hash> {
    Some(match name.to_ascii_uppercase().replace('-', "").as_str() {
        "MD2" => Hash::Md2,
        "MD5" => Hash::Md5,
        "SHA" | "SHA1" => Hash::Sha1,
        "SHA256" => Hash::Sha256,
        "SHA384" => Hash::Sha384,
        "SHA512" => Hash::Sha512,
        _ => return None,
    })
}
