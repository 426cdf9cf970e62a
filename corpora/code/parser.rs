//! A Pratt parser for arithmetic: `-2 ^ 2 + 3 * (x - 1)`.
//!
//! Operators whose left power is below the right one associate to the left.

use std::{fmt, iter::Peekable, str::Chars};

#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    Num(f64),
    Var(String),
    Unary(char, Box<Expr>),
    Binary(char, Box<Expr>, Box<Expr>),
}

#[derive(Debug)]
pub enum ParseError {
    UnexpectedEof,
    UnexpectedChar { got: char, at: usize },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEof => write!(f, "unexpected end of input"),
            Self::UnexpectedChar { got, at } => write!(f, "bad {got:?} at byte {at}"),
        }
    }
}

// ------------------------------------------------------------------
// Parser state
// ------------------------------------------------------------------

pub struct Parser<'a> {
    chars: Peekable<Chars<'a>>,
    pos: usize, // byte offset, for error messages only
}

impl<'a> Parser<'a> {
    pub fn new(src: &'a str) -> Self {
        Parser { chars: src.chars().peekable(), pos: 0 }
    }

    fn peek(&mut self) -> Option<char> {
        while matches!(self.chars.peek(), Some(' ' | '\t' | '\u{00A0}')) {
            self.bump();
        }
        self.chars.peek().copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn take_while(&mut self, ok: impl Fn(char) -> bool) -> String {
        let mut out = String::new();
        while let Some(&c) = self.chars.peek() {
            if !ok(c) { break; }
            out.push(c);
            self.bump();
        }
        out
    }

    pub fn expr(&mut self, min_bp: u8) -> Result<Expr, ParseError> {
        let mut lhs = match self.peek().ok_or(ParseError::UnexpectedEof)? {
            '0'..='9' => {
                let text = self.take_while(|c| c.is_ascii_digit() || c == '.');
                Expr::Num(text.parse().unwrap_or(f64::NAN)) // "1.2.3" => NaN
            }
            c if c.is_alphabetic() => Expr::Var(self.take_while(char::is_alphanumeric)),
            '-' => { self.bump(); Expr::Unary('-', Box::new(self.expr(5)?)) }
            '(' => {
                self.bump();
                let inner = self.expr(0)?;
                if self.bump() != Some(')') { return Err(ParseError::UnexpectedEof); }
                inner
            }
            got => return Err(ParseError::UnexpectedChar { got, at: self.pos }),
        };
        while let Some(op) = self.peek() {
            let (l_bp, r_bp) = match op {
                '+' | '-' => (1, 2),
                '*' | '/' => (3, 4),
                '^' => (8, 7), // right associative
                _ => break,
            };
            if l_bp < min_bp { break; }
            self.bump();
            lhs = Expr::Binary(op, Box::new(lhs), Box::new(self.expr(r_bp)?));
        }
        Ok(lhs)
    }
}
