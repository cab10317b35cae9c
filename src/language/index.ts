/**
 * The language room: which languages there are, what is said in each, and which one a person reads. Sole importer of i18next, sole
 * reader of `locales/`. Below every other room: handlers say `text('signin:login.wrong')`, and words are made where a page or a mail is.
 * It refuses to know requests, pages and people, to let a value be taken for a text, and to print HTML that a text did not declare.
 */
export { readCatalogues, type Catalogues, type Texts } from './catalogues.ts'
export { type DateStyle, formatDate, formatNumber } from './formats.ts'
export { directionOf, isLanguage, type Language, languageNames, languages } from './languages.ts'
export { fromAccept, fromUiLocales, negotiate } from './negotiate.ts'
export { plainTags, type RichTags, richText } from './rich.ts'
export { namespaces, text, type Text, type TextKey, type TextValues } from './text.ts'
export { createTranslator, translate, type Translator, translator } from './translator.ts'
