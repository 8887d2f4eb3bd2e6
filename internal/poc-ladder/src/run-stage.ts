// Runs in Windows Node: loads the main program of the stage whose package is the first argument.
// The conditions of this process select the build.
const [stage] = process.argv.splice(2, 1);
await import(`${stage}/main`);
