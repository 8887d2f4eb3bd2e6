// Runs in Windows Node: loads the main program of the stage whose package is named first. Which
// build of it that is, the conditions of this process decide.
const [stage] = process.argv.splice(2, 1);
await import(`${stage}/main`);
