import { quoted } from './tree.ts'
import type { Node } from './tree.ts'

/** A script for fish: to be put into ~/.config/fish/completions/cardea.fish, or sourced. */
export function fishScript(nodes: readonly Node[]): string {
  const known = nodes.filter(({ at }) => at !== '').map(({ at }) => quoted(at))
  return `# fish completion for cardea. To use it: cardea completion fish | source
function __cardea_at
  set -l words (commandline -opc)
  set -e words[1]
  set -l at ''
  for word in $words
    switch "$at $word"
      case ${known.join(' ')}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
complete -c cardea -f
${nodes.flatMap(linesOf).join('\n')}
`
}

function linesOf({ at, commands, words, options }: Node): string[] {
  // Two rounds of quotes: the condition is a command that fish reads once more.
  const here = `complete -c cardea -n ${fishQuoted(`__cardea_at ${fishQuoted(at)}`)}`
  return [
    ...commands.map(({ word, about }) => `${here} -a ${word} -d ${fishQuoted(about)}`),
    ...(words.length > 0 ? [`${here} -a ${fishQuoted(words.join(' '))}`] : []),
    ...options.map(({ word, about, takesValue, takesFile, choices }) => {
      const file = takesFile ? ' -r -F' : ' -x'
      const values = choices.length > 0 ? ` -a ${fishQuoted(choices.join(' '))}` : ''
      return `${here} -l ${word.slice(2)}${takesValue ? file : ''}${values} -d ${fishQuoted(about)}`
    }),
  ]
}

/** Within single quotes fish takes a backslash before a quote or a backslash, and nothing else. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
