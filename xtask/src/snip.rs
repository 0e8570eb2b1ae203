//! Functions of the engine's module that nothing can call there, made empty before anything else looks at it.
//!
//! The kernels' compiler (pliron, under cubecl) can read its own notation as text, and registers a parser for each of its
//! types and operations before `main`. Nobody hands this engine such a text; but a table of functions holds the parsers, so
//! neither compiler nor linker may leave them out, and they are a twentieth of the download. A module in which one of them
//! ran after all would stop there (`unreachable`), as loudly as at an assertion.
//!
//! Two more things are in it for operations that no model here has. `cubek-matmul` has a second way to multiply, for tensors that lie
//! in tiles and for processors with units for small matrices (`Strategy::Tiled`, which `auto` takes for tensors in tiles alone);
//! `cubek-tile` is what that is written with, and depthwise convolutions. `cubek-quant` is burn's own quantisation, where
//! weights here stay packed in their files' formats and have kernels of their own.

use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::error::{Error, Result};

/// What the name of a parser has in it, as the compiler writes names: the library of parsers (which only pliron uses), what
/// implements its traits, and pliron's own parts that call it.
pub const PARSERS: &[&str] = &[
    "_ZN7combine",
    "$as$u20$combine..",
    "pliron..parsable..Parsable$GT$5parse",
    "pliron5irfmt7parsers",
    "pliron2op27canonical_syntax_parse_impl",
];

/// What is in the name of a function of those two. A compiler that finds two functions alike keeps one under either's name,
/// so only long ones are taken, of which none is like another crate's.
pub const UNUSED: &[&str] = &["cubek_tile", "cubek_matmul5tiled", "cubek_matmul..tiled", "cubek_quant"];

/// From how many bytes on a function is a long one.
const LONG: usize = 1000;

/// What lets go of a value is called where a table of parsers is, whatever the value is.
const DROP: &str = "drop_in_place";

/// Says which functions are made empty: what a module that lies there is known by.
#[must_use]
pub fn recipe() -> String {
    format!("{} {} {LONG}", PARSERS.join(" "), UNUSED.join(" "))
}

/// Makes every such function's body a run of `unreachable` as long as it was, so that nothing else moves, and returns how many
/// there were. What they called is then called by nobody, and `wasm-opt` leaves both out.
///
/// # Errors
/// When the bytes are no module, or one without names.
pub fn snip(module: &mut [u8]) -> Result<usize> {
    let bodies = parsers(module).map_err(|error| Error::Check(format!("The module can't be read: {error}.")))?;
    for body in &bodies {
        // No locals, `unreachable` throughout (both are zeros), `end`.
        if let Some((end, rest)) = module.get_mut(body.clone()).and_then(|bytes| bytes.split_last_mut()) {
            rest.fill(0);
            *end = 0x0b;
        }
    }
    if bodies.is_empty() {
        return Err(Error::Check(
            "No function of the module has a name that the kernels' parsers have: the names were left out or are written \
             otherwise now (xtask/src/snip.rs)."
                .to_owned(),
        ));
    }
    Ok(bodies.len())
}

fn is_parser(name: &str) -> bool {
    PARSERS.iter().any(|part| name.contains(part)) && !name.contains(DROP)
}

fn is_unused(name: &str) -> bool {
    UNUSED.iter().any(|part| name.contains(part)) && !name.contains(DROP)
}

/// Where the parsers' bodies lie.
fn parsers(module: &[u8]) -> wasmparser::Result<Vec<std::ops::Range<usize>>> {
    let (mut imported, mut bodies, mut found, mut unused) = (0, Vec::new(), Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().start as usize..body.range().end as usize),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                for subsection in names {
                    let Name::Function(functions) = subsection? else { continue };
                    for naming in functions {
                        let naming = naming?;
                        if is_parser(naming.name) {
                            found.push(naming.index as usize);
                        } else if is_unused(naming.name) {
                            unused.push(naming.index as usize);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let body = |function: usize| bodies.get(function.checked_sub(imported)?).cloned();
    let long = unused.into_iter().filter_map(body).filter(|body: &std::ops::Range<usize>| body.len() >= LONG);
    Ok(found.into_iter().filter_map(body).chain(long).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module of two functions that return 7, with their names.
    fn module(first: &str, second: &str) -> Vec<u8> {
        let section = |id: u8, content: &[u8]| [&[id, u8::try_from(content.len()).unwrap()], content].concat();
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let body: &[u8] = &[4, 0, 0x41, 7, 0x0b];
        let names = [&[2, 0][..], &text(first), &[1], &text(second)].concat();
        [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, &[1, 0x60, 0, 1, 0x7f]),
            section(3, &[2, 0, 0]),
            section(10, &[&[2], body, body].concat()),
            section(0, &[text("name"), section(1, &names)].concat()),
        ]
        .concat()
    }

    #[test]
    fn a_parser_is_made_empty_and_all_else_stays() {
        let parser = "_ZN86_$LT$cubecl_ir..SwitchOp$u20$as$u20$pliron..parsable..Parsable$GT$5parse17h61cbE";
        let whole = module("_ZN4main17h0123E", parser);
        let mut snipped = whole.clone();
        assert_eq!(snip(&mut snipped).unwrap(), 1);
        let changed: Vec<_> = (0..whole.len()).filter(|&at| whole[at] != snipped[at]).collect();
        let code = whole.windows(5).rposition(|bytes| bytes == [4, 0, 0x41, 7, 0x0b]).unwrap();
        assert_eq!(changed, [code + 2, code + 3]);
        assert_eq!(snipped[code + 1..code + 5], [0, 0, 0, 0x0b]);
        assert!(Parser::new(0).parse_all(&snipped).all(|payload| payload.is_ok()));
    }

    #[test]
    fn of_what_is_not_used_only_long_functions_are_taken() {
        let tile = "_ZN10cubek_tile4tile4kind5plane3mma11load_manual6expand17h0bE";
        assert!(is_unused(tile) && !is_unused("_ZN12cubek_matmul11multi_level8routines4gemm6launch17h01E"));
        let mut short = module("_ZN4main17h0123E", tile);
        let error = snip(&mut short).unwrap_err().to_string();
        assert!(error.contains("No function of the module"), "{error}");
    }

    #[test]
    fn what_only_sounds_like_a_parser_is_none() {
        assert!(is_parser(
            "_ZN113_$LT$combine..parser..FirstMode$u20$as$u20$combine..parser..ParseMode$GT$5parse17h6dE"
        ));
        assert!(!is_parser(
            "_ZN71_$LT$cubecl_opt..passes..inst_combine..InstCombine$u20$as$u20$pliron..MatchRewrite$GT$5matchE"
        ));
        assert!(!is_parser("_ZN4core3ptr70drop_in_place$LT$$LT$T$u20$as$u20$combine..Parser$GT$..Output$GT$17h1E"));
    }

    #[test]
    fn a_module_in_which_none_is_found_is_an_error() {
        assert!(snip(&mut module("_ZN4main17h0123E", "_ZN5other17h0123E")).is_err());
        assert!(snip(&mut b"no module".to_vec()).is_err());
    }
}
