// One step of a script: prints that it succeeded, or ends the script.
export async function check(name, body) {
  try {
    const result = await body();
    console.log(`ok: ${name}`);
    return result;
  } catch (error) {
    console.error(`FAILED: ${name}`, error);
    process.exit(1);
  }
}
