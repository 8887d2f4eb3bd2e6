// VitePress's theme without its fonts, which a page would load, with the colours of drawings.
import theme from 'vitepress/theme-without-fonts';
import './style.css';

export default theme;
