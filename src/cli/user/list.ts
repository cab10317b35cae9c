import { Option } from 'commander'
import type { Command } from 'commander'
import { listUsers } from '../../users/index.ts'
import { wholeNumber } from '../numbers.ts'
import { columns, print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'

type Options = VerbOptions & {
  status?: 'active' | 'disabled'
  prefix?: string
  limit: number
  after?: string
}

/** `cardea user list`: one page of users, oldest first. */
export function addList(users: Command, terminal: Terminal): void {
  addVerb(users, {
    usage: 'list',
    summary: 'list users in the order of their creation',
    example: 'cardea user list --status disabled --prefix ada@',
  })
    .addOption(new Option('--status <status>', 'only these').choices(['active', 'disabled']))
    .option('--prefix <text>', 'only addresses that begin with this')
    .option('--limit <number>', 'at most so many, 1 to 200', wholeNumber(1, 200), 50)
    .option('--after <id>', 'the page after this user')
    .action(async ({ json, ...filter }: Options) => {
      await withDatabase(terminal, async ({ prisma }) => {
        const { users: page, next } = await listUsers(prisma, filter)
        const rows = page.map(({ id, email, role, disabledAt }) => [
          id,
          email,
          role ?? '–',
          disabledAt ? 'disabled' : 'active',
        ])
        const lines = columns([['id', 'e-mail', 'role', 'status'], ...rows])
        print(
          terminal,
          json,
          { users: page, next },
          next === null ? lines : [...lines, `More: --after ${next}`],
        )
      })
    })
}
