import { quoted } from './tree.ts'
import type { Node } from './tree.ts'

/** A script for bash, from 3.2 on. */
export function bashScript(nodes: readonly Node[]): string {
  const known = nodes.filter(({ at }) => at !== '').map(({ at }) => `"${at}"`)
  return `# bash completion for cardea. To use it: eval "$(cardea completion bash)"
_cardea() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" found="" i
  for (( i = 1; i < COMP_CWORD; i++ )); do
    case "$at \${COMP_WORDS[i]}" in
      ${known.join(' | ')}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${nodes.map((node) => `    "${node.at}") found=${quoted(wordsOf(node))} ;;`).join('\n')}
  esac
  COMPREPLY=( $(compgen -W "$found" -- "$cur") )
}
complete -F _cardea cardea
`
}

function valueCases({ at, options }: Node): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ word, choices, takesFile }) => {
      const values = choices.length > 0 ? ` -W ${quoted(choices.join(' '))}` : takesFile ? ' -f' : undefined
      const reply = values === undefined ? 'COMPREPLY=()' : `COMPREPLY=( $(compgen${values} -- "$cur") )`
      return `    "${at} ${word}") ${reply}; return ;;`
    })
}

function wordsOf({ commands, words, options }: Node): string {
  return [...commands.map(({ word }) => word), ...words, ...options.map(({ word }) => word)].join(' ')
}
