#!/usr/bin/env node
// Plain JavaScript that an old Node can read too: it could not even say what is wrong about a TypeScript file.
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Gatehouse needs Node.js 24 or later and this is ${process.version}. Run it as \`npx gatehouse\` in its folder, which uses the Node.js that \`npm install\` put there.\n`,
  );
  process.exitCode = 1;
} else {
  // A folder only the owner of the code can write to; without it, or without room, starting just takes longer.
  module.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/gatehouse', import.meta.url)));
  await import('./gatehouse.ts');
}
