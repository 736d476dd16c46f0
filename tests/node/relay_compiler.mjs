// Compiles the documents of relay/ against schema.graphql with relay-compiler, into a folder: artifacts, and their texts as
// documents.json.
//
//   node relay_compiler.mjs <schema.graphql> FOLDER
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import compiler from 'relay-compiler';

const [schema, folder] = process.argv.slice(2);
cpSync('relay', join(folder, 'src'), { recursive: true });
mkdirSync(join(folder, 'artifacts'));
cpSync(schema, join(folder, 'schema.graphql'));
writeFileSync(join(folder, 'documents.json'), '{}');
const config = {
  src: 'src', schema: 'schema.graphql', language: 'javascript', artifactDirectory: 'artifacts', eagerEsModules: false,
  persistConfig: { file: 'documents.json', algorithm: 'SHA256' },
};
writeFileSync(join(folder, 'relay.config.json'), JSON.stringify(config));
try {
  execFileSync(compiler, ['relay.config.json'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
} catch (error) {
  console.error(`${error.stdout}${error.stderr}`);
  process.exit(1);
}
console.log(`ok: ${readdirSync(join(folder, 'artifacts')).length} artifacts`);
