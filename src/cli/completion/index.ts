import { Argument } from 'commander'
import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { treeOf } from './tree.ts'
import type { Node } from './tree.ts'
import { zshScript } from './zsh.ts'

const scripts: Record<string, (nodes: readonly Node[]) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** `cardea completion`: a script that completes every verb and option there is, made from the commands themselves. */
export function addCompletion(program: Command, { stdout }: Terminal): void {
  addVerb(program, {
    usage: 'completion',
    summary: 'print a script that lets a shell complete verbs and options',
    example: 'eval "$(cardea completion bash)"',
  })
    .addArgument(new Argument('<shell>').choices(Object.keys(scripts)))
    .action((shell: string, { json }: { json?: true }) => {
      const script = scripts[shell]?.(treeOf(program)) ?? ''
      stdout.write(json ? `${JSON.stringify({ shell, script })}\n` : script)
    })
}
