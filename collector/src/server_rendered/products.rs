//! `User-Agent`: products with versions and comments.

use super::scan::Scan;

/// How deep comments may be nested.
const MAX_DEPTH: usize = 5;

/// Prints a list of products; `None` where it is none.
pub(super) fn products(text: &str) -> Option<String> {
    let mut scan = Scan::new(text);
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    while first || !scan.is_at_end() {
        if !first {
            out.push(' ');
        }
        first = false;
        let product = scan.token();
        out.push_str(product.unwrap_or_default());
        if product.is_some() && scan.next_is('/') {
            scan.expect('/')?;
            out.push('/');
            out.push_str(scan.token()?);
        }
        if scan.next_is('(') {
            let comment = comment(&mut scan, MAX_DEPTH)?;
            if !comment.is_empty() {
                let blank = if product.is_some() { " " } else { "" };
                out.push_str(&format!("{blank}({comment})"));
            }
        } else {
            product?;
        }
    }
    Some(out)
}

/// What stands in the parentheses: comments in it get a blank before them, and lose those behind them.
fn comment(scan: &mut Scan<'_>, depth: usize) -> Option<String> {
    if depth == 0 {
        return None;
    }
    scan.expect('(')?;
    let mut out = String::new();
    loop {
        if scan.next_is('(') {
            let inner = comment(scan, depth - 1)?;
            out.push_str(&format!(" ({inner})"));
            continue;
        }
        if scan.next_is(')') {
            scan.expect(')')?;
            return Some(out);
        }
        match scan.any()? {
            '\\' => out.push(scan.any().filter(|&c| c != '\x7f' && (c >= ' ' || c == '\t'))?),
            '\x7f' => return None,
            c => out.push(c),
        }
    }
}
