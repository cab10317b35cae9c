/**
 * The house rules as a tool reads them (ARCHITECTURE.md, "Floors"):
 * imports point down, rooms on one floor never meet, and a room is entered only through its index.ts.
 */
const floors = [
  ['language', 'tracing'],
  ['config', 'db', 'http', 'crypto'],
  ['queue'],
  ['audit', 'mail'],
  ['users', 'clients', 'receivers'],
  ['oidc'],
  ['interaction', 'account', 'admin', 'events', 'signals', 'jobs'],
  ['wiring'],
]
const floorOf = (room) => floors.findIndex((rooms) => rooms.includes(room))
const rooms = floors.flat()
const path = (names) => `^src/(${names.join('|')})/`

const floorRules = rooms.map((room) => ({
  name: `floor-of-${room}`,
  comment: `${room} stands on floor ${floorOf(room)}: it may import only rooms on lower floors.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: {
    path: path(rooms.filter((other) => other !== room && floorOf(other) >= floorOf(room))),
    dependencyTypesNot: ['type-only'],
  },
}))

// Some rooms may not enter a lower room although the floor would allow it.
const closedDoors = [
  ['users', ['http', 'config']],
  ['clients', ['http', 'config']],
  ['audit', ['http', 'config']],
  ['oidc', ['interaction']],
].map(([room, closed]) => ({
  name: `${room}-keeps-out-of-${closed.join('-')}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: path(closed), dependencyTypesNot: ['type-only'] },
}))

const soleOwners = [
  ['oidc-provider', '^src/oidc/'],
  ['argon2|otplib|bcryptjs|@simplewebauthn/server|@zxcvbn-ts', '^src/users/'],
  ['i18next', '^src/language/'],
  ['@opentelemetry', '^src/tracing/'],
  ['nodemailer|amqplib', '^src/events/'],
  ['@prisma|pg', '^src/db/'],
].map(([packages, owner]) => ({
  name: `only-${owner.replace(/[^a-z]/g, '')}-imports-${packages.replace(/[^a-z0-9]/g, '-')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: owner },
  to: { path: `node_modules/(${packages})/`, dependencyTypesNot: ['type-only'] },
}))

export default {
  forbidden: [
    ...floorRules,
    ...closedDoors,
    ...soleOwners,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'enter-by-the-door',
      comment: "A room's insides are its own: import its index.ts.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/([^/]+)/.+', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'enter-by-the-door-from-the-top',
      severity: 'error',
      from: { path: '^(src/[^/]+\\.ts|bin/|examples/|faults/)' },
      to: { path: '^src/[^/]+/.+', pathNot: '^src/[^/]+/index\\.ts$' },
    },
    {
      name: 'examples-stand-alone',
      comment: 'An example is copied by others: it imports nothing of ours.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^src/' },
    },
    {
      name: 'nothing-shipped-imports-the-faults',
      severity: 'error',
      from: { path: '^(src|bin|examples)/' },
      to: { path: '^faults/' },
    },
    {
      name: 'nothing-imports-the-top',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: '^src/(cli|development|serve)/' },
      to: { path: '^src/([^/]+\\.ts|cli/|development/|serve/)' },
    },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/db/generated/' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
