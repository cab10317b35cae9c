import { quoted } from './tree.ts'
import type { Choice, Node } from './tree.ts'

/** A script for zsh: to be put into a folder of `fpath` as `_cardea`, or sourced. */
export function zshScript(nodes: readonly Node[]): string {
  const known = nodes.filter(({ at }) => at !== '').map(({ at }) => `"${at}"`)
  return `#compdef cardea
# zsh completion for cardea. To use it: source <(cardea completion zsh)
_cardea() {
  local at="" word
  local -a found options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      (${known.join('|')}) at="$at $word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${nodes.map(wordCase).join('\n')}
  esac
  (( $#found )) && _describe -t commands command found
  _describe -o -t options option options
}
if [ "\${funcstack[1]}" = _cardea ]; then _cardea "$@"; else compdef _cardea cardea; fi
`
}

function valueCases({ at, options }: Node): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ word, choices, takesFile }) => {
      const reply =
        choices.length > 0 ? `compadd -- ${choices.map(quoted).join(' ')}; ` : takesFile ? '_files; ' : ''
      return `    ("${at} ${word}") ${reply}return ;;`
    })
}

function wordCase({ at, commands, words, options }: Node): string {
  const found = [...commands, ...words.map((word) => ({ word, about: '' }))]
  return `    ("${at}") found=(${found.map(described).join(' ')}); options=(${options.map(described).join(' ')}) ;;`
}

function described({ word, about }: Choice): string {
  return quoted(`${word.replaceAll(':', '\\:')}${about === '' ? '' : `:${about}`}`)
}
