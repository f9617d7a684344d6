//! Text to forms.
