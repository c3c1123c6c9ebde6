/// Chat templates with all that the two known ones write, in words of our own.
enum Templates {
    static let verbatim = #"""
        [gMASK]<sop>
        {%- for message in messages %}
            {%- if message.role == 'system' %}
        <|system|>
        {{ message.content }}
            {%- elif message.role == 'user' %}
        <|user|>{{ '\n' }}
                {%- if message.content is string %}
        {{ message.content }}
                {%- else %}
                    {%- for part in message.content %}
                        {%- if part.type == 'image' %}
        <|begin_of_image|><|image|><|end_of_image|>
                        {%- elif part.type == 'video' %}
        <|begin_of_video|><|video|><|end_of_video|>
                        {%- elif part.type == 'text' %}
        {{ part.text }}
                        {%- endif %}
                    {%- endfor %}
                {%- endif %}
            {%- elif message.role == 'assistant' %}
                {%- if message.metadata %}
        <|assistant|>{{ message.metadata }}
        {{ message.content }}
                {%- else %}
        <|assistant|>
        {{ message.content }}
                {%- endif %}
            {%- endif %}
        {%- endfor %}
        {% if add_generation_prompt %}<|assistant|>
        {% endif %}
        """#

    static let thinkingSwitch = #"""
        [gMASK]<sop>
        {%- if tools -%}
        <|system|>
        {% for tool in tools %}{{ tool | tojson }}{% endfor %}
        {%- endif -%}
        {%- macro visible_text(content) -%}
            {%- if content is string -%}
                {{ content }}
            {%- else -%}
                {%- for item in content -%}
                    {%- if item.type == 'text' -%}{{ item.text }}{%- elif item.type == 'image' -%}<|begin_of_image|><|image|><|end_of_image|>{%- endif -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endmacro -%}
        {%- set last = namespace(user=-1) -%}
        {%- for m in messages -%}{%- if m.role == 'user' -%}{%- set last.user = loop.index0 -%}{%- endif -%}{%- endfor -%}
        {%- for m in messages -%}
        {%- if m.role == 'user' -%}<|user|>
        {% if m.content is string %}
        {{ m.content }}
        {%- else %}
        {%- for item in m.content -%}
        {%- if item.type == 'image' -%}<|begin_of_image|><|image|><|end_of_image|>{%- elif item.type == 'text' -%}{{ item.text }}{%- endif -%}
        {%- endfor -%}
        {%- endif %}
        {{- '/nothink' if (enable_thinking is defined and not enable_thinking and not visible_text(m.content).endswith("/nothink")) else '' -}}
        {%- elif m.role == 'assistant' -%}<|assistant|>
        {%- set content = visible_text(m.content) -%}
        {%- set reasoning_content = m.reasoning_content if m.reasoning_content is string else '' -%}
        {%- if loop.index0 > last.user and reasoning_content -%}
        {{ '\n<think>' + reasoning_content.strip() + '</think>' }}
        {%- else -%}
        {{ '\n<think></think>' }}
        {%- endif -%}
        {%- if content.strip() -%}{{ '\n' + content.strip() }}{%- endif -%}
        {%- elif m.role == 'tool' -%}<|observation|>{{ m.content }}
        {%- elif m.role == 'system' -%}<|system|>
        {{ visible_text(m.content) }}
        {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}<|assistant|>
        {{ '<think></think>\n' if (enable_thinking is defined and not enable_thinking) else '' }}
        {%- endif -%}
        """#
}
