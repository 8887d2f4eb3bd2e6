import { importEveryExport } from './exports.js';

importEveryExport({ isWithPrograms: true });
