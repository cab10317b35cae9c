import { Option } from 'commander'
import type { Command } from 'commander'
import { Role } from '../../db/index.ts'
import { createPasswordHasher, createUser, findUserByEmail, normaliseEmail } from '../../users/index.ts'
import { byOperator } from '../by-operator.ts'
import { addPasswordOptions, newPassword } from '../password-input.ts'
import type { PasswordOptions } from '../password-input.ts'
import { Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'

type Options = VerbOptions & PasswordOptions & { name?: string; role?: Role; emailVerified?: true }

/** `cardea user create`: a user with a password. The second factor is set up at the first sign-in. */
export function addCreate(users: Command, terminal: Terminal): void {
  const command = addVerb(users, {
    usage: 'create <email>',
    summary: 'create a user; asks for the password unless told where it comes from',
    example: 'cardea user create ada@example.com --name "Ada Lovelace" --role owner',
  })
    .option('--name <name>', 'the name that apps may ask for')
    .addOption(new Option('--role <role>', 'a part in running this server').choices(Object.values(Role)))
    .option('--email-verified', 'the address is known to be theirs')
  addPasswordOptions(command).action((email: string, options: Options) => create(terminal, email, options))
}

async function create(terminal: Terminal, email: string, options: Options): Promise<void> {
  const { name = null, role = null, emailVerified = false, json } = options
  await withDatabase(terminal, async (database, config) => {
    // Before anybody types a password.
    if (normaliseEmail(email) === null) throw invalid('email_invalid')
    if (await findUserByEmail(database.prisma, email)) throw taken(email)
    const { password, generated } = await newPassword(terminal, options, { email, name, config })
    const passwordHash = await createPasswordHasher(config.passwords).hash(password)
    const input = { email, name, role, emailVerified, passwordHash }
    const created = await createUser(database.prisma, input, byOperator)
    if (!created.ok) throw created.reason === 'email_taken' ? taken(email) : invalid(created.reason)
    const { user } = created
    print(terminal, json, generated ? { ...user, password } : user, [
      `Created the user ${user.email}`,
      `  id        ${user.id}`,
      ...(generated ? [`  password  ${password}   (shown this once)`] : []),
    ])
  })
}

function taken(email: string): Refusal {
  return new Refusal('already_exists', `There is a user ${email} already.`)
}

function invalid(reason: 'email_invalid' | 'name_invalid'): Refusal {
  return new Refusal(
    'bad_data',
    reason === 'email_invalid'
      ? 'This is no e-mail address.'
      : 'A name has at most 200 characters, and no control characters.',
  )
}
