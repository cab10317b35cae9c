import type { Command, Option } from 'commander'

export type Choice = { word: string; about: string }
export type CompletedOption = Choice & {
  takesValue: boolean
  takesFile: boolean
  choices: readonly string[]
}
/** One command as the completion scripts see it. */
export type Node = {
  /** The words that lead here, each behind a space: ` users list`. */
  at: string
  commands: readonly Choice[]
  /** What its first argument may be, where that is known. */
  words: readonly string[]
  options: readonly CompletedOption[]
}

/** Every command below this one, and itself, from what commander knows. */
export function treeOf(command: Command, at = ''): Node[] {
  const help = { word: '--help', about: 'display help for command' }
  const node: Node = {
    at,
    commands: command.commands.map((child) => ({ word: child.name(), about: child.description() })),
    words: command.registeredArguments[0]?.argChoices ?? [],
    options: [
      ...command.options.map(optionOf),
      { ...help, takesValue: false, takesFile: false, choices: [] },
    ],
  }
  return [node, ...command.commands.flatMap((child) => treeOf(child, `${at} ${child.name()}`))]
}

function optionOf({
  long,
  short,
  flags,
  description,
  required,
  optional,
  argChoices,
}: Option): CompletedOption {
  return {
    word: long ?? short ?? '',
    about: description,
    takesValue: required || optional,
    takesFile: /<file>/.test(flags),
    choices: argChoices ?? [],
  }
}

/** In single quotes, as all three shells read them. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
